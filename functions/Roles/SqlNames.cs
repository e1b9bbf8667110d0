namespace Bibind.Functions.Roles;

/// <summary>Quotes what cannot be a parameter of a utility statement.</summary>
internal static class SqlNames
{
    /// <summary>A quoted identifier.</summary>
    public static string Quote(string name) => $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";

    /// <summary>A quoted text that reads the same whatever <c>standard_conforming_strings</c> says.</summary>
    public static string Literal(string text) =>
        $"E'{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("'", "''", StringComparison.Ordinal)}'";
}
