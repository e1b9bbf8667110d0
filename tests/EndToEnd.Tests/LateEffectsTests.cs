using Bibind.Activities.Certificates;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Dns;
using Bibind.Activities.FileStores;
using Bibind.Activities.Routing;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.EndToEnd.Tests;

/// <summary>What is made of a tenant after the proof that nothing was left of it is found and removed by the sweep.</summary>
public sealed class LateEffectsTests
{
    [Fact]
    public async Task Every_effect_that_came_too_late_for_the_undo_of_an_order_is_removed_from_its_server()
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using (var host = await InProcessHost.StartAsync(world.Installation, new FailureAt("tenants.activate", afterTheEffect: false)))
        {
            await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(world.Installation.Code));
            await world.AssertNothingIsLeftAsync();
            await MakeAsync<PrepareCredentials, Unit>(host);
            await MakeAsync<CloneDatabase, CloneResult>(host);
            await MakeAsync<CopyFileStore, FileStoreCopied>(host);
            await MakeAsync<CreateDnsRecord, Unit>(host);
            await MakeAsync<IssueCertificate, Unit>(host);
            await MakeAsync<CreateBucket, Unit>(host);
            await MakeAsync<PublishRoute, Unit>(host);
        }

        Assert.True(await world.IsKnownToProxyAsync(world.HostOf(world.Installation.Code)));

        await SweepAsync(world.Installation);

        await world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task What_came_too_late_for_a_removal_is_removed_and_the_last_backup_stays()
    {
        await using var installation = await Installation.CreateAsync();
        await using (var host = await InProcessHost.StartAsync(installation))
        {
            await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
            await installation.HasFirstBackupAsync();
            await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: true));
            await installation.ComesToRestAsync();
            await MakeAsync<CloneDatabase, CloneResult>(host);
            await MakeAsync<CreateBucket, Unit>(host);
        }

        var backups = await installation.CountAsync("select count(*) from control.backups");

        await SweepAsync(installation);

        Assert.Empty(await installation.DatabasesAsync());
        installation.AssertFileStores();
        Assert.Equal(backups, await installation.CountAsync("select count(*) from control.backups"));
        Assert.Equal(backups, installation.StoredFiles().Count(f => f.EndsWith(".dump.br.aes", StringComparison.Ordinal)));
        Assert.DoesNotContain(installation.StoredFiles(), f => f.EndsWith("/.bibind", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tenant_of_which_nothing_came_late_is_looked_at_and_left_as_it_is()
    {
        await using var installation = await Installation.CreateAsync();
        await using (var host = await InProcessHost.StartAsync(installation, new FailureAt("tenants.activate", afterTheEffect: false)))
        {
            await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
            await installation.ComesToRestAsync();
        }

        await using (await SweepingAsync(installation))
        {
            await Eventually.UntilAsync(
                async () => await installation.CountAsync("select count(*) from control.tenants where looked_at > ended_at") == 1,
                TimeSpan.FromSeconds(60), "the tenant is looked at");
        }

        Assert.Equal(0, await installation.CountAsync("select count(*) from control.jobs where kind = 'destroy'"));
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.tenants where state = 'failed' and not leftovers"));
    }

    /// <summary>Lets some time pass since the only tenant's end, and waits until the sweep has removed what is there of it.</summary>
    internal static async Task SweepAsync(Installation installation)
    {
        var removals = await installation.CountAsync("select count(*) from control.jobs where kind = 'destroy'");
        await using var host = await SweepingAsync(installation);
        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from control.jobs where kind = 'destroy' and requested_by = 'sweep' and outcome = 'succeeded'") == 1,
            TimeSpan.FromSeconds(120), "the sweep has removed it");
        Assert.Equal(removals + 1, await installation.CountAsync("select count(*) from control.jobs where kind = 'destroy'"));
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.tenants where state = 'terminated' and not leftovers"));
    }

    private static async Task<InProcessHost> SweepingAsync(Installation installation)
    {
        foreach (var sql in new[]
        {
            "update control.tenants set ended_at = ended_at - interval '1 hour'",
            "update control.jobs set finished_at = finished_at - interval '1 hour'",
        })
        {
            await using var passes = installation.Control.CreateCommand(sql);
            await passes.ExecuteNonQueryAsync();
        }

        installation.SweepOften();
        return await InProcessHost.StartAsync(installation);
    }

    // Outside any worker, so that no lease keeps it from its effect.
    private static async Task MakeAsync<TActivity, TOutput>(InProcessHost host)
        where TActivity : TaskActivity<TenantDescriptor, TOutput>
    {
        var tenants = await host.Services.GetRequiredService<TenantStore>().ListAsync(new TenantFilter(), PageRequest.First, CancellationToken.None);
        var place = Assert.Single(tenants.Items).ToPlace("late") with { HasFileStore = true };
        await ActivatorUtilities.CreateInstance<TActivity>(host.Services)
            .RunAsync(new DurableActivityContext("late", typeof(TActivity).Name, 1, 1, CancellationToken.None), place);
    }
}
