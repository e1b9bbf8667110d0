using System.Globalization;
using Bibind.Activities.Database;
using Bibind.Contracts;

namespace Bibind.Activities.Pools;

/// <summary>How a pool database shows whose it is.</summary>
internal static class PoolLabel
{
    /// <summary>Its comment. It names the installation by the name of the database, and the row.</summary>
    public static string Of(PoolEntry entry) => string.Create(CultureInfo.InvariantCulture, $"{PooledDatabases.LabelStart}{entry.Database} template={entry.TemplateId}");

    /// <summary>How a session that makes it shows itself, so that an orphaned one is found.</summary>
    public static string MakerOf(PoolEntry entry) => $"bibind {entry.Database}";
}
