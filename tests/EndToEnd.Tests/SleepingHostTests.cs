using System.Net;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Puts a host to sleep right before an effect (<c>kill -STOP</c>) for longer than its leases last. Another host does its work meanwhile;
/// what the first one does when it wakes up must neither double nor leave anything.
/// </summary>
public sealed class SleepingHostTests
{
    // They run at the same time, so one process can sleep before all of them; nothing else is under way there then.
    private const string Branches = "credentials.prepare,filestore.copy,database.clone,dns.create_record,certificates.issue,storage.create_bucket";

    // With the lock of the zone in its hands, which the other host needs.
    private const string InTheZone = "credentials.prepare,filestore.copy,database.clone,IZoneProvider.ChangeAsync,certificates.issue,storage.create_bucket";

    [Theory]
    [InlineData(InTheZone)]
    [InlineData("application.configure")]
    [InlineData("routing.publish")]
    [InlineData("backup.take")]
    public async Task A_tenant_that_another_host_finished_works_and_has_nothing_twice(string places)
    {
        await using var world = await EveryEffectWorld.StartAsync();
        var (installation, code) = (world.Installation, world.Installation.Code);
        await using var sleeper = await KillableHost.StartAsync(installation, stopAt: places.Split(','));
        var job = await sleeper.Api.OrderByWebhookAsync(code);
        await sleeper.SleepsAsync(installation);
        await using var host = await InProcessHost.StartAsync(installation);
        var end = await host.Api.EndOfAsync(job, seconds: 120);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        var certificate = await world.PresentedAsync(world.HostOf(code));

        await sleeper.WakesAndEndsAsync();

        await installation.ComesToRestAsync();
        Assert.Equal((HttpStatusCode.OK, world.AnswerOf(code)), await world.GetAsync(code));
        Assert.Equal(certificate, await world.PresentedAsync(world.HostOf(code)));
        Assert.Equal([code], await installation.DatabasesAsync());
        installation.AssertFileStores(code);
        Assert.Equal(2, (await world.BucketsAsync()).Count);
        Assert.Equal(3, await world.CountBackupObjectsAsync());
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.backups"));
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.certificates where tenant_id is not null"));
        Assert.Equal(0, await installation.CountAsync("select count(*) from durable.activities where instance_id not like 'timer-%'"));
    }

    [Theory]
    [InlineData(Branches)]
    [InlineData("IRouteProvider.PublishAsync")]
    public async Task An_order_that_another_host_undid_leaves_nothing_on_any_server(string places)
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using var sleeper = await KillableHost.StartAsync(world.Installation, stopAt: places.Split(','));
        var job = await sleeper.Api.OrderByWebhookAsync(world.Installation.Code);
        await sleeper.SleepsAsync(world.Installation);
        await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt("tenants.activate", afterTheEffect: false));
        var end = await host.Api.EndOfAsync(job, seconds: 120);
        Assert.True(end["state"]!.GetValue<string>() == "failed", end.ToString());
        await world.AssertNothingIsLeftAsync();

        await sleeper.WakesAndEndsAsync();

        await world.AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData("application.configure")]
    [InlineData("ISecretStore.GetOrSetAsync,filestore.copy,database.clone,storage.create_bucket")]
    [InlineData("IBackupCatalogue.RecordAsync")]
    public async Task A_tenant_that_another_host_removed_stays_removed(string places)
    {
        await using var installation = await Installation.CreateAsync();
        await using var sleeper = await KillableHost.StartAsync(installation, stopAt: places.Split(','));
        var job = await sleeper.Api.OrderByWebhookAsync(installation.Code);
        await sleeper.SleepsAsync(installation);
        await using var host = await InProcessHost.StartAsync(installation);
        await host.Api.EndOfAsync(job);
        var removed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));
        Assert.True(removed["state"]!.GetValue<string>() == "succeeded", removed.ToString());
        await installation.AssertNothingIsLeftAsync();

        await sleeper.WakesAndEndsAsync();

        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_a_host_made_that_slept_between_its_last_look_at_the_lease_and_the_effect_is_swept()
    {
        await using var installation = await Installation.CreateAsync();
        await using (var sleeper = await KillableHost.StartAsync(installation, stopAt: ["credentials.prepare", "filestore.copy", "database.clone", "IObjectStore.CreateBucketAsync"]))
        {
            var job = await sleeper.Api.OrderByWebhookAsync(installation.Code);
            await sleeper.SleepsAsync(installation);
            await using var failing = await InProcessHost.StartAsync(installation, new FailureAt("tenants.activate", afterTheEffect: false));
            Assert.Equal("failed", (await failing.Api.EndOfAsync(job))["state"]!.GetValue<string>());
            await installation.AssertNothingIsLeftAsync();
            await sleeper.WakesAndEndsAsync();
        }

        Assert.Contains(Directory.EnumerateDirectories(installation.Store), d => d.Contains(installation.Code, StringComparison.Ordinal));

        await LateEffectsTests.SweepAsync(installation);

        Assert.DoesNotContain(Directory.EnumerateDirectories(installation.Store), d => d.Contains(installation.Code, StringComparison.Ordinal));
    }
}
