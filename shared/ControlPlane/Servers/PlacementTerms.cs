using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Servers;

/// <summary>The words by which orders and servers meet: regions, labels and sizes.</summary>
public static partial class PlacementTerms
{
    /// <summary>The most labels that a server or an order may have.</summary>
    public const int MostLabels = 20;

    /// <summary>The most places that one tenant may take.</summary>
    public const int LargestSize = 1000;

    /// <summary>What a region looks like, to follow the name of its field.</summary>
    public const string RegionRule = "must be a lower-case letter, then up to 31 letters, digits or '-', such as eu-west";

    /// <summary>What labels look like, to follow the name of their field.</summary>
    public static string LabelRule { get; } =
        $"must be at most {MostLabels} different names of 1 to 63 lower-case letters, digits, '.', '_' or '-', each perhaps with a value after '=', such as nvme or tier=gold";

    /// <summary>What a size looks like, to follow the name of its field.</summary>
    public static string SizeRule { get; } = $"must be 1 to {LargestSize}: how many of a server's places it takes";

    public static bool IsRegion(string text) => Region().IsMatch(text);

    public static bool AreLabels(IReadOnlyList<string> labels)
    {
        ArgumentNullException.ThrowIfNull(labels);
        return labels.Count <= MostLabels && labels.All(l => l is not null && Label().IsMatch(l)) && labels.Distinct(StringComparer.Ordinal).Count() == labels.Count;
    }

    public static bool IsSize(int size) => size is >= 1 and <= LargestSize;

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,31}\z")]
    private static partial Regex Region();

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]{0,62}(=[a-z0-9][a-z0-9._-]{0,62})?\z")]
    private static partial Regex Label();
}
