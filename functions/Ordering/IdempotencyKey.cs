using System.Security.Cryptography;
using System.Text;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>The header by which a caller makes a repetition recognisable.</summary>
public static class IdempotencyKey
{
    /// <summary>The header.</summary>
    public const string Header = "Idempotency-Key";

    /// <summary>Says in an answer that it is the first one again.</summary>
    public const string ReplayedHeader = "Idempotency-Replayed";

    /// <summary>Characters.</summary>
    public const int LongestKey = 200;

    /// <summary>The key, or null if the caller gave none.</summary>
    /// <exception cref="ProblemException">400: it is not usable.</exception>
    public static string? Read(HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        var values = request.Headers[Header];
        if (values.Count == 0)
        {
            return null;
        }

        return values is [{ Length: > 0 and <= LongestKey } key] && key.All(c => c is >= ' ' and <= '~')
            ? key
            : throw new ProblemException(ProblemFactory.Unreadable($"The header {Header} must be given once, with 1 to {LongestKey} printable ASCII characters."));
    }

    /// <summary>By what somebody who was shown a secret is known when they ask again: nobody else can guess the key. Null if the caller gave none.</summary>
    /// <exception cref="ProblemException">400: the key is not usable.</exception>
    public static string? ReadReceiver(HttpRequest request, string caller) =>
        Read(request) is { } key ? Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{caller}\n{key}"))) : null;
}
