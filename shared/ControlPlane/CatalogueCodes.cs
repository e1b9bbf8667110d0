using System.Text.RegularExpressions;

namespace Bibind.ControlPlane;

/// <summary>Codes of offers and plans.</summary>
internal static partial class CatalogueCodes
{
    /// <summary>What a code looks like, to follow the name of its field.</summary>
    public const string Rule = "must be a lower-case letter, then up to 62 lower-case letters, digits or '-', such as pro-2027";

    public static bool IsCode(string? code) => code is not null && Code().IsMatch(code);

    [GeneratedRegex(@"\A[a-z][a-z0-9-]{0,62}\z")]
    private static partial Regex Code();
}
