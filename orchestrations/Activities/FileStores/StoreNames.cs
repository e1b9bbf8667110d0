using System.Text.RegularExpressions;

namespace Bibind.Activities.FileStores;

/// <summary>Which names files in a store have.</summary>
internal static partial class StoreNames
{
    private const int Longest = 500;

    /// <summary>The mark of a store; names that begin with a dot are ours, and an application's attachments have no dot.</summary>
    public const string Mark = ".bibind";

    /// <summary>What Odoo notes for its own tidying; of no use to anybody else.</summary>
    public const string Checklist = "checklist";

    /// <summary>True for a name by which nothing outside the store can be meant.</summary>
    public static bool IsSafe(string name) =>
        name.Length is > 0 and <= Longest && !name.Contains('\\', StringComparison.Ordinal) && !name.Any(char.IsControl)
        && name.Split('/').All(part => part.Length > 0 && part[0] != '.');

    /// <summary>The SHA-1 that a name says its content has, in lower-case hex; null for a name that says nothing.</summary>
    public static string? Sha1Of(string name) => ContentName().IsMatch(name) ? name[3..] : null;

    [GeneratedRegex(@"\A([0-9a-f]{2})/\1[0-9a-f]{38}\z")]
    private static partial Regex ContentName();
}
