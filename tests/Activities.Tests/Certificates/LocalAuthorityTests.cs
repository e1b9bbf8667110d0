using System.Security.Cryptography.X509Certificates;
using Bibind.Activities.Certificates;
using Microsoft.Extensions.Hosting;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

public sealed class LocalAuthorityTests
{
    private static readonly (string, string?)[] Local = [("Certificates:Provider", "local"), ("Certificates:Acme:Directory", "unused")];

    [Fact]
    public async Task A_certificate_leads_to_the_root_that_is_made_once()
    {
        await using var world = await CertificateWorld.CreateAsync(Local);
        await using var other = await world.RestartAsync(Local);
        var (first, second) = (world.NewPlace(), world.NewPlace());

        await world.Certificates.IssueAsync(first, CancellationToken.None);
        await other.Certificates.IssueAsync(second, CancellationToken.None);

        using var root = X509Certificate2.CreateFromPem(await world.Get<LocalAuthority>().RootPemAsync(CancellationToken.None));
        AcmeIssueTests.AssertLeadsTo(root, (await world.Found.FindAsync(first, CancellationToken.None))!.ChainPem, first.Host);
        AcmeIssueTests.AssertLeadsTo(root, (await world.Found.FindAsync(second, CancellationToken.None))!.ChainPem, second.Host);
    }

    [Fact]
    public async Task Issuing_and_revoking_can_be_repeated()
    {
        await using var world = await CertificateWorld.CreateAsync(Local);
        var place = world.NewPlace();
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        var first = await world.Found.FindAsync(place, CancellationToken.None);
        await world.Certificates.IssueAsync(place, CancellationToken.None);
        Assert.Equal(first, await world.Found.FindAsync(place, CancellationToken.None));

        await world.Certificates.RevokeAsync(place, CancellationToken.None);
        await world.Certificates.RevokeAsync(place, CancellationToken.None);

        Assert.False(await world.Certificates.ExistsAsync(place, CancellationToken.None));
        Assert.Equal(0, await world.CountAsync("certificates"));
    }

    [Fact]
    public async Task Every_start_says_loudly_that_browsers_do_not_trust_it()
    {
        await using var world = await CertificateWorld.CreateAsync(Local);

        await world.Get<IEnumerable<IHostedService>>().OfType<LocalAuthorityWarning>().Single().StartAsync(CancellationToken.None);

        Assert.Contains(world.Logs.Lines, line => line.Contains("NO BROWSER TRUSTS THEM", StringComparison.Ordinal));
    }
}
