using System.Text;
using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Offers;

/// <summary>
/// Names a tenant's database: <c>{subdomain}</c> for an application that finds it by the first label of the host,
/// <c>{host}</c> by the whole host, or <c>{code}</c> with a prefix such as <c>erp_{code}</c>.
/// </summary>
public static partial class DatabasePattern
{
    /// <summary>PostgreSQL cuts longer identifiers silently, which would let two tenants meet in one name.</summary>
    public const int LongestName = 63;

    /// <summary>The name, or what is wrong with it, in words.</summary>
    public static bool TryApply(string pattern, string code, string host, out string name, out string problem)
    {
        ArgumentNullException.ThrowIfNull(pattern);
        ArgumentNullException.ThrowIfNull(host);
        name = pattern
            .Replace("{subdomain}", host.Split('.')[0], StringComparison.Ordinal)
            .Replace("{host}", host, StringComparison.Ordinal)
            .Replace("{code}", code, StringComparison.Ordinal);
        problem = ProblemWith(name) ?? string.Empty;
        return problem.Length == 0;
    }

    /// <summary>What is wrong with a database name, in words; null if nothing is.</summary>
    public static string? ProblemWith(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return Encoding.UTF8.GetByteCount(name) > LongestName
                ? $"the database name '{name}' is longer than the {LongestName} bytes that PostgreSQL keeps"
            : !Allowed().IsMatch(name)
                ? $"the database name '{name}' may only hold a-z, 0-9, '.', '_' and '-', and begins with a letter or digit"
            : name is "postgres" or "template0" or "template1"
                ? $"the database name '{name}' belongs to PostgreSQL itself"
            : null;
    }

    [GeneratedRegex(@"\A[a-z0-9][a-z0-9._-]*\z")]
    private static partial Regex Allowed();
}
