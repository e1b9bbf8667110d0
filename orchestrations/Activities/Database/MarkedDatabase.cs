using System.Globalization;
using Bibind.Contracts;

namespace Bibind.Activities.Database;

/// <summary>
/// A database that is ours: it is made under a name that only we use and appears under its final name complete
/// and marked, so that whatever bears the name without the mark belongs to someone else.
/// </summary>
/// <param name="Name">The final name.</param>
/// <param name="StagingName">The name while it is made.</param>
/// <param name="Owner">How the mark begins: whose database it is.</param>
/// <param name="Mark">The comment that the finished database carries.</param>
/// <param name="Maker">How a session that makes it shows itself, so that an orphaned one is found.</param>
public sealed record MarkedDatabase(string Name, string StagingName, string Owner, string Mark, string Maker)
{
    /// <summary>A tenant's database.</summary>
    public static MarkedDatabase Of(TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(place);
        // With the code in every name, two installations that share a server do not take each other's databases for theirs.
        var owner = string.Create(CultureInfo.InvariantCulture, $"bibind tenant={place.TenantId} code={place.Code}");
        return new MarkedDatabase(
            place.Database,
            string.Create(CultureInfo.InvariantCulture, $"bibind-new-{place.TenantId}-{place.Code}"),
            owner,
            owner,
            string.Create(CultureInfo.InvariantCulture, $"bibind clone {place.TenantId} {place.Code}"));
    }

    /// <summary>A template's database.</summary>
    public static MarkedDatabase Of(CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        var owner = string.Create(CultureInfo.InvariantCulture, $"bibind template={order.TemplateId}");
        return new MarkedDatabase(
            order.Database,
            string.Create(CultureInfo.InvariantCulture, $"bibind-new-template-{order.TemplateId}"),
            owner,
            $"{owner} code={order.Code}",
            string.Create(CultureInfo.InvariantCulture, $"bibind template {order.TemplateId}"));
    }

    /// <summary>True if a comment is the mark of this owner.</summary>
    public bool Marks(string? comment) =>
        comment is not null && (comment == Owner || comment.StartsWith(Owner + " ", StringComparison.Ordinal));
}

/// <summary>What a server answered about a database.</summary>
/// <param name="Owner">The role that owns it.</param>
/// <param name="Comment">Its comment, which may be our mark.</param>
/// <param name="IsTemplate">True while it is held back from the application.</param>
/// <param name="AllowsConnections">False once it is locked.</param>
public sealed record DatabaseSight(string Owner, string? Comment, bool IsTemplate, bool AllowsConnections);
