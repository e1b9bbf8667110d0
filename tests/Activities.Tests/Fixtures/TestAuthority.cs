using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bibind.Activities.Certificates;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>A certification authority of one test's own.</summary>
internal sealed class TestAuthority : IDisposable
{
    private static readonly DateTimeOffset NotAfter = DateTimeOffset.UtcNow.AddDays(30);
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public TestAuthority()
    {
        var request = new CertificateRequest("CN=Test authority", _key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        Root = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), NotAfter.AddDays(1));
    }

    public X509Certificate2 Root { get; }

    /// <summary>A certificate for these names.</summary>
    public TenantCertificate Issue(params string[] names)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={names[0]}", key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        Array.ForEach(names, alternatives.AddDnsName);
        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        using var own = request.Create(Root, DateTimeOffset.UtcNow.AddHours(-1), NotAfter, RandomNumberGenerator.GetBytes(12));
        return new TenantCertificate(own.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), NotAfter);
    }

    public void Dispose()
    {
        Root.Dispose();
        _key.Dispose();
    }
}
