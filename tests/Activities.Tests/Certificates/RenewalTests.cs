using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Bibind.Activities.Certificates;
using Bibind.Activities.Certificates.Acme;
using Bibind.Activities.Tests.Dns;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

[Collection(RealDns.Name)]
public sealed class RenewalTests
{
    [Fact]
    public async Task A_certificate_is_renewed_when_its_time_has_come_and_not_before()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        var name = CertificateNames.Of(place);
        using var first = await world.LeafAsync(place);
        Assert.Empty(await world.Renewals.DueAsync(10, CancellationToken.None));

        var early = await world.Renewals.RenewAsync(name, CancellationToken.None);
        world.Clock.Lead = TimeSpan.FromDays(70);
        Assert.Equal([name], await world.Renewals.DueAsync(10, CancellationToken.None));
        var due = await world.Renewals.RenewAsync(name, CancellationToken.None);

        Assert.False(early.Renewed);
        Assert.Equal((true, place.TenantId), (due.Renewed, due.TenantId));
        using var second = await world.LeafAsync(place);
        Assert.NotEqual(first.SerialNumber, second.SerialNumber);
    }

    [Fact]
    public async Task A_renewal_that_fails_is_put_off_and_told()
    {
        await using var world = await CertificateWorld.CreateAsync();
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        await using var later = await world.RestartAsync(("Certificates:Acme:Directory", $"https://127.0.0.1:{FreePorts.Next()}/dir"));
        later.Clock.Lead = TimeSpan.FromDays(70);

        var failed = await later.Renewals.RenewAsync(CertificateNames.Of(place), CancellationToken.None);

        Assert.False(failed.Renewed);
        Assert.Contains("the connection is refused", failed.Note, StringComparison.Ordinal);
        Assert.InRange(failed.LookAt!.Value - later.Clock.GetUtcNow(), TimeSpan.FromMinutes(55), TimeSpan.FromMinutes(60));
        Assert.Equal(1, (await later.Register.FindAsync(CertificateNames.Of(place), CancellationToken.None))!.Failures);
        Assert.NotNull(await later.Found.FindAsync(place, CancellationToken.None));

        later.Clock.Lead = TimeSpan.FromDays(80);
        await later.Renewals.RenewAsync(CertificateNames.Of(place), CancellationToken.None);
        Assert.Contains(later.Logs.Lines, line => line.Contains("its renewal fails since 2 attempts", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_gone_is_not_renewed()
    {
        await using var world = await CertificateWorld.CreateAsync();

        var outcome = await world.Renewals.RenewAsync("certificates/tenants/1/gone.example.com", CancellationToken.None);

        Assert.Equal((false, null), (outcome.Renewed, outcome.LookAt));
    }

    [Fact]
    public void A_certificate_with_a_serial_number_above_the_sign_bit_has_its_zero_byte_in_the_id()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var issuer = new CertificateRequest("CN=issuer", key, HashAlgorithmName.SHA256);
        issuer.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        issuer.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(Convert.FromHexString("69885B6B87464041E1B37B847BA0AE2CDE01C8D4"), false));
        using var root = issuer.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(9));
        var request = new CertificateRequest("CN=leaf", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(root, true, false));
        using var leaf = request.Create(root, DateTimeOffset.UtcNow, DateTimeOffset.UtcNow.AddDays(8), Convert.FromHexString("0087654321"));

        Assert.Equal("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", RenewalInfo.IdOf(leaf));
    }
}
