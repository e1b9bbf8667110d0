using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Amazon.Runtime;

namespace Bibind.Activities.Services;

/// <summary>Credentials of AWS; <see cref="object.ToString"/> leaves the secrets out.</summary>
public sealed record AwsCredentials(string AccessKeyId, string SecretAccessKey, string? SessionToken = null)
{
    /// <summary>The same for clients of AWS's SDK.</summary>
    public AWSCredentials ForSdk() => string.IsNullOrEmpty(SessionToken)
        ? new BasicAWSCredentials(AccessKeyId, SecretAccessKey) : new SessionAWSCredentials(AccessKeyId, SecretAccessKey, SessionToken);

    /// <inheritdoc/>
    public override string ToString() => AccessKeyId;
}

/// <summary>Signs requests as AWS wants it (Signature Version 4).</summary>
public static class AwsSignature
{
    private const string Algorithm = "AWS4-HMAC-SHA256";

    /// <summary>
    /// Adds the date, the session's token and the signature over method, address, host, these headers, those named
    /// <c>x-amz-…</c> that are there already, and the body.
    /// </summary>
    public static void Sign(HttpRequestMessage request, byte[] body, AwsCredentials credentials, string region, string service, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(request);
        ArgumentNullException.ThrowIfNull(credentials);
        var address = request.RequestUri!;
        var date = now.UtcDateTime.ToString("yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture);
        var headers = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["host"] = address.IsDefaultPort ? address.Host : address.Authority,
        };
        request.Headers.Add("X-Amz-Date", date);
        if (!string.IsNullOrEmpty(credentials.SessionToken))
        {
            request.Headers.Add("X-Amz-Security-Token", credentials.SessionToken);
        }

        foreach (var (name, values) in request.Headers.Where(h => h.Key.StartsWith("x-amz-", StringComparison.OrdinalIgnoreCase)))
        {
            headers[name.ToLowerInvariant()] = string.Join(',', values).Trim();
        }

        var signed = string.Join(';', headers.Keys);
        var canonical = string.Join('\n', [
            request.Method.Method, address.AbsolutePath, CanonicalQuery(address.Query),
            .. headers.Select(h => $"{h.Key}:{h.Value}"), "", signed, Hex(SHA256.HashData(body))]);
        var scope = $"{date[..8]}/{region}/{service}/aws4_request";
        var toSign = $"{Algorithm}\n{date}\n{scope}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical)))}";
        var signature = Hex(Hmac(SigningKey(credentials.SecretAccessKey, date[..8], region, service), toSign));
        request.Headers.TryAddWithoutValidation(
            "Authorization", $"{Algorithm} Credential={credentials.AccessKeyId}/{scope}, SignedHeaders={signed}, Signature={signature}");
    }

    private static string CanonicalQuery(string query) =>
        string.Join('&', query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries)
            .Select(pair => pair.Contains('=', StringComparison.Ordinal) ? pair : $"{pair}=")
            .Order(StringComparer.Ordinal));

    private static byte[] SigningKey(string secret, string day, string region, string service) =>
        Hmac(Hmac(Hmac(Hmac(Encoding.UTF8.GetBytes($"AWS4{secret}"), day), region), service), "aws4_request");

    private static byte[] Hmac(byte[] key, string text) => HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(text));

    private static string Hex(byte[] bytes) => Convert.ToHexStringLower(bytes);
}
