using System.Text.RegularExpressions;

namespace Bibind.ControlPlane;

/// <summary>Technical names of modules.</summary>
public static partial class ModuleNames
{
    /// <summary>Modules that an order may name.</summary>
    public const int Most = 100;

    /// <summary>Modules that a plan may name.</summary>
    public const int MostAllowed = 1000;

    /// <summary>What a name is like.</summary>
    public const string Rule = "must be the technical name of a module, such as sale_management: letters, digits and _";

    /// <summary>True if a module can be called so.</summary>
    public static bool IsName(string? name) => name is not null && Name().IsMatch(name);

    /// <summary>True for a list without a name twice.</summary>
    public static bool AreNames(IReadOnlyList<string> names, int most) =>
        names is not null && names.Count <= most && names.All(IsName) && names.Distinct(StringComparer.Ordinal).Count() == names.Count;

    [GeneratedRegex(@"\A[A-Za-z0-9_]{1,128}\z")]
    private static partial Regex Name();
}
