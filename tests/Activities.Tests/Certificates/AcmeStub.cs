using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bibind.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Tests.Certificates;

/// <summary>An authority over HTTPS that answers as a test tells it to: what a real one cannot be made to answer.</summary>
internal sealed class AcmeStub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _folder;

    private AcmeStub(WebApplication app, string folder) => (_app, _folder) = (app, folder);

    public string Url => _app.Urls.Single();

    public (string, string?)[] Settings =>
        [("Certificates:Acme:Directory", $"{Url}/dir"), ("Certificates:Acme:TrustedRoots", Path.Combine(_folder, "root.pem"))];

    public static async Task<AcmeStub> StartAsync(RequestDelegate answer)
    {
        var folder = PostgresFixture.NewFolder();
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=stub", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        using var certificate = request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
        await File.WriteAllTextAsync(Path.Combine(folder, "root.pem"), certificate.ExportCertificatePem());
        var served = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);

        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(served)));
        var app = builder.Build();
        app.Run(answer);
        await app.StartAsync();
        return new AcmeStub(app, folder);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
