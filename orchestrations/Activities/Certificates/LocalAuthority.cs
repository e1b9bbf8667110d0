using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using Bibind.ControlPlane.Secrets;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Certificates;

/// <summary>An authority of our own, for development: its root is made once and kept as a secret. Browsers do not trust it.</summary>
internal sealed class LocalAuthority(ISecretStore secrets, TimeProvider time) : ICertificateAuthority
{
    private const int SerialBytes = 16;
    private static readonly TimeSpan RootLife = TimeSpan.FromDays(3650);
    private static readonly TimeSpan LeafLife = TimeSpan.FromDays(90);

    // Clocks of browsers may be late.
    private static readonly TimeSpan Earlier = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public string Name => HeldCertificate.LocalIssuer;

    /// <inheritdoc/>
    public async Task<HeldCertificate> IssueAsync(CertificateFor use, HeldCertificate? replaced, CancellationToken cancellationToken)
    {
        var stored = await RootAsync(cancellationToken);
        using var root = X509Certificate2.CreateFromPem(stored.CertificatePem, stored.PrivateKeyPem);
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Bibind local certificate", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        foreach (var host in use.Hosts)
        {
            names.AddDnsName(host);
        }

        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false));
        var now = time.GetUtcNow();
        using var certificate = request.Create(root, now - Earlier, now + LeafLife, RandomNumberGenerator.GetBytes(SerialBytes));
        return new HeldCertificate(certificate.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem(), Name);
    }

    /// <inheritdoc/>
    /// <remarks>Nobody asks it whether a certificate is revoked; that the key is deleted is what counts.</remarks>
    public Task RevokeAsync(HeldCertificate certificate, RevocationReason reason, CancellationToken cancellationToken) => Task.CompletedTask;

    /// <inheritdoc/>
    public Task<RenewalWindow?> RenewalWindowAsync(HeldCertificate certificate, CancellationToken cancellationToken) => Task.FromResult<RenewalWindow?>(null);

    /// <summary>The root in PEM, for those who want to trust it.</summary>
    public async Task<string> RootPemAsync(CancellationToken cancellationToken) => (await RootAsync(cancellationToken)).CertificatePem;

    private async Task<StoredRoot> RootAsync(CancellationToken cancellationToken) =>
        JsonSerializer.Deserialize<StoredRoot>(await secrets.GetOrSetAsync(CertificateNames.LocalRoot, MakeRoot, cancellationToken))!;

    private string MakeRoot()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Bibind local authority (not trusted by browsers)", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        var now = time.GetUtcNow();
        using var root = request.CreateSelfSigned(now - Earlier, now + RootLife);
        return JsonSerializer.Serialize(new StoredRoot(root.ExportCertificatePem(), key.ExportPkcs8PrivateKeyPem()));
    }

    private sealed record StoredRoot(string CertificatePem, string PrivateKeyPem)
    {
        /// <inheritdoc/>
        public override string ToString() => "local root";
    }
}

/// <summary>Says at every start that certificates come from a local authority.</summary>
internal sealed class LocalAuthorityWarning(ILogger<LocalAuthority> logger) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        logger.LocalAuthorityInUse();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
}
