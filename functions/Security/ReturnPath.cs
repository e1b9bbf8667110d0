namespace Bibind.Functions.Security;

/// <summary>Where to go after signing in: a page of the console, and nowhere else.</summary>
internal static class ReturnPath
{
    /// <summary>The console's first page.</summary>
    public const string Console = "/console";

    private const int Longest = 2000;
    private static readonly string[] Encoded = ["%2f", "%5c", "%2e", "%00", "%25"];
    private static readonly string[] OfSigningIn = ["/console/sign-in", "/console/sign-out", "/console/callback"];

    /// <summary>The path if it leads to a page of the console, else the first page.</summary>
    public static string Of(string? path) => path is not null && IsOfConsole(path) ? path : Console;

    private static bool IsOfConsole(string path)
    {
        if (path.Length > Longest || !path.StartsWith(Console, StringComparison.Ordinal) || path.Any(c => c is <= ' ' or > '~' or '\\'))
        {
            return false;
        }

        var end = path.IndexOfAny(['?', '#']);
        var plain = end < 0 ? path : path[..end];

        // What browsers and proxies make of dots, of two slashes and of encoded ones is not relied upon.
        return (plain.Length == Console.Length || plain[Console.Length] == '/')
            && !plain.Contains("//", StringComparison.Ordinal)
            && !plain.Split('/').Any(s => s is "." or "..")
            && !Encoded.Any(e => plain.Contains(e, StringComparison.OrdinalIgnoreCase))
            && !OfSigningIn.Any(p => plain == p || plain.StartsWith(p + "/", StringComparison.Ordinal));
    }
}
