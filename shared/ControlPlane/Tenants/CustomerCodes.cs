using System.Text.RegularExpressions;

namespace Bibind.ControlPlane.Tenants;

/// <summary>How customers are named: as the console and the issuer of their tokens do, compared letter by letter.</summary>
public static partial class CustomerCodes
{
    /// <summary>What is allowed, in words.</summary>
    public const string Rule = "1 to 100 letters, digits and . _ - @ : | +";

    /// <summary>True if a customer could be named so.</summary>
    public static bool IsWellFormed(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return Form().IsMatch(text);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9._@:|+-]{1,100}\z")]
    private static partial Regex Form();
}
