using Bibind.Functions.Problems;

namespace Bibind.Functions.Security;

/// <summary>The token that a request carries.</summary>
internal static class BearerToken
{
    /// <summary>Characters; longer ones are refused unread.</summary>
    public const int LongestToken = 16 * 1024;

    private const string Scheme = "Bearer ";

    /// <summary>The token of the one <c>Authorization</c> header; null if there is none, or several.</summary>
    /// <exception cref="ProblemException">401: it is too long, or no token at all.</exception>
    public static string? Read(HttpRequest request)
    {
        var header = request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } credentials || !credentials.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase)
            || credentials.AsSpan(Scheme.Length).Trim().ToString() is not { Length: > 0 } token)
        {
            return null;
        }

        if (token.Length > LongestToken)
        {
            throw new ProblemException(ProblemFactory.InvalidToken($"The token is too long: {LongestToken:N0} characters at most."));
        }

        // RFC 6750; two headers that a proxy made one of hold a comma.
        return token.All(c => char.IsAsciiLetterOrDigit(c) || c is '-' or '.' or '_' or '~' or '+' or '/' or '=')
            ? token
            : throw new ProblemException(ProblemFactory.InvalidToken("The token holds characters that no bearer token has."));
    }

    /// <summary>True for what looks like a signed JSON Web Token.</summary>
    public static bool IsJwt(string token) => token.Count(c => c == '.') == 2;
}
