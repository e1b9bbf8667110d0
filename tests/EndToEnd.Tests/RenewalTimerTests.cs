using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>The durable timer that renews certificates.</summary>
public sealed class RenewalTimerTests
{
    [Fact]
    public async Task A_host_that_starts_renews_what_is_due_and_gives_it_to_the_proxy()
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using var shortLived = await PebbleServer.StartAsync(new PebbleOptions { Dns = world.Dns.Dns, Validity = TimeSpan.FromSeconds(30) });
        world.UseAuthority(shortLived);
        var code = world.Installation.Code;
        string before;
        await using (var first = await InProcessHost.StartAsync(world.Installation))
        {
            var job = await first.Api.EndOfAsync(await first.Api.OrderByWebhookAsync(code), seconds: 120);
            Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
            before = await world.PresentedAsync(world.HostOf(code));
        }

        // Its life is over: it was issued for half a minute.
        await Eventually.UntilAsync(
            async () => await world.Installation.CountAsync("select count(*) from control.certificates where not_after < now()") == 1,
            TimeSpan.FromSeconds(60), "the certificate has ended");
        await using (var due = world.Installation.Control.CreateCommand("update control.certificates set look_at = now()"))
        {
            Assert.Equal(1, await due.ExecuteNonQueryAsync());
        }

        world.UseAuthority(await SharedServers.PebbleAsync());
        world.Installation.Settings["Timers:CertificateRenewals"] = "true";
        await using var host = await InProcessHost.StartAsync(world.Installation);

        await Eventually.UntilAsync(
            async () => await world.PresentedAsync(world.HostOf(code)) != before, TimeSpan.FromSeconds(60), "the proxy presents the renewed certificate");
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.certificates where not_after > now() + interval '1 day'"));
    }
}
