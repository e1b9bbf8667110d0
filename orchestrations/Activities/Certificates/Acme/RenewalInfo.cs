using System.Buffers.Text;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>ACME renewal information (RFC 9773).</summary>
internal static class RenewalInfo
{
    private static readonly TimeSpan UnlessTold = TimeSpan.FromHours(6);

    /// <summary>The id by which the authority knows a certificate; null if the certificate does not name its issuer's key.</summary>
    public static string? IdOf(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().FirstOrDefault()?.KeyIdentifier is { } issuerKey
            ? IdOf(issuerKey.Span, certificate.SerialNumberBytes.Span)
            : null;

    /// <summary>The id of issuer's key and serial number, the latter as in the certificate: a leading zero byte included.</summary>
    public static string IdOf(ReadOnlySpan<byte> issuerKey, ReadOnlySpan<byte> serial) =>
        $"{Base64Url.EncodeToString(issuerKey)}.{Base64Url.EncodeToString(serial)}";

    /// <summary>Reads the answer; null if it makes no sense.</summary>
    public static RenewalWindow? Read(JsonElement document, TimeSpan? retryAfter) =>
        document.ValueKind == JsonValueKind.Object && document.TryGetProperty("suggestedWindow", out var window) && window.ValueKind == JsonValueKind.Object
            && window.TryGetProperty("start", out var start) && start.TryGetDateTimeOffset(out var from)
            && window.TryGetProperty("end", out var end) && end.TryGetDateTimeOffset(out var to) && from < to
            ? new RenewalWindow(from, to, retryAfter ?? UnlessTold)
            : null;
}
