using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bibind.ControlPlane.Notices;

namespace Bibind.Activities.Notices;

/// <summary>Signs messages as Standard Webhooks has it: HMAC-SHA256 over id, time and body.</summary>
public static class WebhookSignature
{
    /// <summary>The signatures by every secret, separated by spaces.</summary>
    /// <param name="secrets">Each with <see cref="WebhookSecrets.Prefix"/>.</param>
    /// <param name="id">The message's id.</param>
    /// <param name="at">When it is sent.</param>
    /// <param name="body">What is sent, byte by byte.</param>
    public static string Of(IEnumerable<string> secrets, string id, DateTimeOffset at, ReadOnlySpan<byte> body)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        byte[] signed = [.. Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{id}.{at.ToUnixTimeSeconds()}.")), .. body];
        return string.Join(' ', secrets.Select(s => "v1," + Convert.ToBase64String(HMACSHA256.HashData(KeyOf(s), signed))));
    }

    private static byte[] KeyOf(string secret) => Convert.FromBase64String(secret[WebhookSecrets.Prefix.Length..]);
}
