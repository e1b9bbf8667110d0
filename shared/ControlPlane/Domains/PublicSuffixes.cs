using System.Reflection;

namespace Bibind.ControlPlane.Domains;

/// <summary>
/// The public suffixes, such as <c>co.uk</c> and <c>github.io</c>: below them everybody may register, so nobody can have one as
/// a whole, and authorities count by the name below. The list is in this assembly; a release brings a newer one.
/// </summary>
public static class PublicSuffixes
{
    private static readonly Lazy<HashSet<string>> Rules = new(Read);

    /// <summary>True if nobody can have the name, for it is a public suffix.</summary>
    /// <param name="name">Lower case, in its ASCII form.</param>
    public static bool Contains(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        return RegisteredOf(name) is null;
    }

    /// <summary>The name that somebody registered, such as <c>example.co.uk</c> of <c>shop.example.co.uk</c>; null for a public suffix.</summary>
    /// <param name="name">Lower case, in its ASCII form.</param>
    public static string? RegisteredOf(string name)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(name);
        var labels = name.Split('.');
        var length = SuffixLength(labels);
        return length >= labels.Length ? null : Join(labels, labels.Length - length - 1);
    }

    // From the longest: the rule with the most labels counts. A name that no rule knows has its last label for a suffix.
    private static int SuffixLength(string[] labels)
    {
        for (var i = 0; i < labels.Length; i++)
        {
            var candidate = Join(labels, i);
            if (Rules.Value.Contains($"!{candidate}"))
            {
                return labels.Length - i - 1;
            }

            if (Rules.Value.Contains(candidate) || (i + 1 < labels.Length && Rules.Value.Contains($"*.{Join(labels, i + 1)}")))
            {
                return labels.Length - i;
            }
        }

        return 1;
    }

    private static string Join(string[] labels, int from) => string.Join('.', labels, from, labels.Length - from);

    private static HashSet<string> Read()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Bibind.ControlPlane.Domains.public_suffix_list.txt")!;
        using var reader = new StreamReader(stream);
        return [.. reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Where(l => !l.StartsWith("//", StringComparison.Ordinal))];
    }
}
