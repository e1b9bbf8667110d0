using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database.Isolation;
using Bibind.Activities.FileStores;
using Bibind.Activities.Tenants;
using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Tests;

public sealed class TenantActivityTests(PostgresCluster cluster)
{
    private static readonly DurableActivityContext Context = new("instance", "name", 0, 1, CancellationToken.None);

    [Fact]
    public void Each_activity_is_registered_under_its_contracts_name() => Assert.Equal(
        [
            "tenants.activate", "tenants.begin_destroy", "tenants.deactivate", "tenants.end_destroy", "tenants.mark_failed", "tenants.reserve", "tenants.sweep",
            "tenants.sweep_jobs", "tenants.work_off_pending",
        ],
        new TaskRegistry().AddTenantActivities().ActivityNames.Order(StringComparer.Ordinal));

    [Fact]
    public async Task The_activities_lead_a_tenant_from_its_order_to_its_end()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        var place = await new ReserveTenant(plane.Lifecycle, new NoFileStore(), new NoDatabasePooler()).RunAsync(Context, reservation.Order);
        var ready = await new ActivateTenant(plane.Lifecycle, plane.Backups, null!, Options.Create(new BackupOptions { Enabled = false }))
            .RunAsync(Context, new TenantToActivate(place));
        Assert.Equal(("https://acme.example.com", false), (ready.BaseUrl, place.HasFileStore));

        var termination = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
        var last = await new BeginDestroyTenant(plane.Lifecycle, new NoFileStore()).RunAsync(Context, termination.Order(finalBackup: true));
        Assert.Equal(place.Database, last.Database);
        await new EndDestroyTenant(plane.Lifecycle).RunAsync(
            Context, new TenantDestroyEnd { TenantId = last.TenantId, JobId = last.JobId, Inventory = new Inventory() });
        Assert.Equal(TenantStates.Terminated, (await plane.Tenants.FindAsync("acme", CancellationToken.None))!.State);
    }

    [Fact]
    public async Task The_activity_that_ends_a_failed_order_frees_the_code()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        var failure = new TenantFailure
        {
            TenantId = reservation.TenantId,
            JobId = reservation.JobId,
            Reason = "the template is gone",
            Inventory = new Inventory(),
        };
        await new MarkTenantFailed(plane.Lifecycle).RunAsync(Context, failure);
        await plane.MustReserveAsync();
    }
}
