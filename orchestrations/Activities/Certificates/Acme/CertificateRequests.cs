using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Bibind.Activities.Certificates.Acme;

/// <summary>Makes certificate requests, and checks what comes back.</summary>
internal static class CertificateRequests
{
    /// <summary>A request in DER (PKCS#10) for the names; the key is ECDSA P-256.</summary>
    public static byte[] Make(string privateKeyPem, IReadOnlyList<string> hosts)
    {
        using var key = ECDsa.Create();
        key.ImportFromPem(privateKeyPem);
        var request = new CertificateRequest(new X500DistinguishedName([0x30, 0x00]), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in hosts)
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        return request.CreateSigningRequest();
    }

    /// <summary>What is wrong with a chain that an authority issued for the key and the names; null if nothing.</summary>
    public static string? FindFault(string chainPem, string privateKeyPem, IReadOnlyList<string> hosts)
    {
        var chain = new X509Certificate2Collection();
        try
        {
            chain.ImportFromPem(chainPem);
            if (chain.Count == 0)
            {
                return "it has no certificate";
            }

            using var key = ECDsa.Create();
            key.ImportFromPem(privateKeyPem);
            using var certified = chain[0].GetECDsaPublicKey();
            return certified is null || !certified.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo()) ? "it is for another key"
                : !HeldCertificate.NamesOf(chain[0]).SetEquals(hosts) ? $"it is for {string.Join(", ", HeldCertificate.NamesOf(chain[0]))}"
                : null;
        }
        catch (CryptographicException)
        {
            return "it cannot be read";
        }
        finally
        {
            foreach (var certificate in chain)
            {
                certificate.Dispose();
            }
        }
    }
}
