using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Bibind.Contracts;

namespace Bibind.Activities.Certificates;

/// <summary>Chain and key as one secret, so that they always fit each other; <see cref="object.ToString"/> leaves the key out.</summary>
/// <param name="ChainPem">The certificate first.</param>
/// <param name="Issuer">Host of the ACME directory, or <c>local</c>.</param>
internal sealed record HeldCertificate(string ChainPem, string PrivateKeyPem, string Issuer)
{
    public const string LocalIssuer = "local";

    /// <summary>The certificate itself; the caller disposes it.</summary>
    public X509Certificate2 Leaf() => X509Certificate2.CreateFromPem(ChainPem);

    public TenantCertificate ToTenantCertificate()
    {
        using var leaf = Leaf();
        return new TenantCertificate(ChainPem, PrivateKeyPem, EndOf(leaf));
    }

    /// <summary>True if it is for exactly these names and does not end before <paramref name="until"/>.</summary>
    public bool Serves(IReadOnlyCollection<string> names, DateTimeOffset until)
    {
        using var leaf = Leaf();
        return EndOf(leaf) > until && NamesOf(leaf).SetEquals(names);
    }

    public string ToSecret() => JsonSerializer.Serialize(this);

    public static HeldCertificate OfSecret(string secret) => JsonSerializer.Deserialize<HeldCertificate>(secret)!;

    public static DateTimeOffset BeginOf(X509Certificate2 certificate) => new(certificate.NotBefore.ToUniversalTime());

    public static DateTimeOffset EndOf(X509Certificate2 certificate) => new(certificate.NotAfter.ToUniversalTime());

    public static HashSet<string> NamesOf(X509Certificate2 certificate) =>
        [.. certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().SelectMany(e => e.EnumerateDnsNames())];

    /// <inheritdoc/>
    public override string ToString() => $"certificate by {Issuer}";
}

/// <summary>Under which names certificates are stored.</summary>
internal static class CertificateNames
{
    /// <summary>Of a tenant's own.</summary>
    public static string Of(TenantDescriptor place) => string.Create(CultureInfo.InvariantCulture, $"certificates/tenants/{place.TenantId}/{place.Host}");

    /// <summary>Of the one that the platform's sub-domains share.</summary>
    public static string OfPlatform(string domain) => $"certificates/platform/{domain}";

    /// <summary>Of the local authority's root.</summary>
    public const string LocalRoot = "certificates/local/root";

    /// <summary>Of the account's key at an ACME directory: each authority has an account of its own.</summary>
    public static string AccountKey(Uri directory) =>
        $"certificates/acme/{directory.Host}-{Convert.ToHexStringLower(SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(directory.AbsoluteUri)))[..8]}/account-key";

    /// <summary>Of the key that the account is to have next, while it is changed.</summary>
    public static string NextAccountKey(Uri directory) => $"{AccountKey(directory)[..^"account-key".Length]}next-account-key";

    /// <summary>Of an order that was placed and is not finished.</summary>
    public static string PendingOrder(string certificate) => $"{certificate}/pending-order";
}
