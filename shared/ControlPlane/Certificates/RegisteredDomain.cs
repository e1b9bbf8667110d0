namespace Bibind.ControlPlane.Certificates;

/// <summary>Finds the domain that somebody registered: what authorities count certificates by.</summary>
/// <remarks>
/// The list of public suffixes is long and changes. Of it, only the second levels that country domains share are known
/// here; a suffix that is not known makes several customers share a budget, which is too strict, never too generous.
/// </remarks>
public static class RegisteredDomain
{
    private static readonly HashSet<string> SecondLevels = new(StringComparer.Ordinal)
    {
        "ac", "co", "com", "edu", "go", "gob", "gouv", "gov", "govt", "ltd", "mil", "ne", "net", "nom", "or", "org", "plc", "sch",
    };

    /// <summary>Such as <c>example.co.uk</c> of <c>shop.example.co.uk</c>.</summary>
    public static string Of(string host)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(host);
        var labels = host.ToLowerInvariant().Split('.').Where(l => l is not ("*" or "")).ToArray();
        var isShared = labels.Length > 2 && labels[^1].Length == 2 && SecondLevels.Contains(labels[^2]);
        return string.Join('.', labels.TakeLast(isShared ? 3 : 2));
    }
}
