using System.Security.Cryptography;
using System.Text;

namespace Bibind.ControlPlane.Schema;

/// <summary>One numbered SQL file.</summary>
/// <param name="Version">Its number.</param>
/// <param name="Name">The file's name without its ending.</param>
/// <param name="Sql">Its text.</param>
public sealed record Migration(int Version, string Name, string Sql)
{
    private const string Expanding = "-- expands:";

    /// <summary>Over the text with line feeds only, so that a checkout on another system has the same one.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

    /// <summary>
    /// True if programs of the version before work on beside it: it adds what they do not look at. Its text begins with
    /// <c>-- expands:</c>; one that takes away what they need begins with <c>-- contracts:</c> and comes a version later.
    /// </summary>
    public bool Expands { get; } = Sql.StartsWith(Expanding, StringComparison.Ordinal);

    /// <summary>What it is for: the first line of its text.</summary>
    public string Summary { get; } = Sql.ReplaceLineEndings("\n").Split('\n')[0].TrimStart('-', ' ');

    internal static IReadOnlyList<Migration> Embedded()
    {
        var assembly = typeof(Migration).Assembly;
        var prefix = typeof(Migration).Namespace + ".";
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var name = Path.GetFileNameWithoutExtension(resource[prefix.Length..]);
            migrations.Add(new Migration(int.Parse(name.AsSpan(0, 4), provider: null), name, reader.ReadToEnd()));
        }

        return [.. migrations.OrderBy(m => m.Version)];
    }
}
