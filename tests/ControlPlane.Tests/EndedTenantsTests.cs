using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.ControlPlane.Tests;

/// <summary>Tenants that have ended are looked at again, and can be removed again.</summary>
public sealed class EndedTenantsTests(PostgresCluster cluster)
{
    private static readonly Inventory Clean = new() { Items = [new InventoryItem("database", "acme", InventoryItem.Absent)] };

    /// <summary>Minutes since the end, since the last look (none: never), and whether it is due.</summary>
    public static TheoryData<int, int?, bool> Times => new()
    {
        { 0, null, false },
        { 1, null, true },
        { 3, 1, false },
        { 4, 2, true },
        { 100, 51, true },
        { 100, 49, false },
        { 24 * 60 - 1, 13 * 60, true },
        { 24 * 60, 13 * 60, false },
        // Looked at before it ended, by an earlier removal.
        { 1, 30, true },
    };

    [Theory]
    [MemberData(nameof(Times))]
    public async Task Each_comes_again_after_twice_the_time_for_a_day(int sinceEnd, int? sinceLook, bool isDue)
    {
        await using var plane = await cluster.NewPlaneAsync();
        await FailAsync(plane);
        var look = sinceLook is { } minutes ? Ago(minutes) : "null";
        await plane.ScalarAsync<int>($"update control.tenants set ended_at = {Ago(sinceEnd)}, looked_at = {look}");

        var found = await plane.Get<EndedTenants>().FindAsync("sweep", 10, CancellationToken.None);

        Assert.Equal(isDue, found.Count == 1);
    }

    [Fact]
    public async Task One_that_was_looked_at_is_not_due_and_one_of_which_something_came_late_can_be_removed_again()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await FailAsync(plane);
        await plane.ScalarAsync<int>($"update control.tenants set ended_at = {Ago(5)}");
        var ended = plane.Get<EndedTenants>();
        var tenant = Assert.Single(await ended.FindAsync("sweep", 10, CancellationToken.None));
        Assert.False(tenant.KeepsBackups);
        await ended.NoteAsync(tenant.Place.TenantId, leftSomething: false, CancellationToken.None);
        Assert.Empty(await ended.FindAsync("sweep", 10, CancellationToken.None));
        Assert.IsType<TerminationRefused>(await plane.BeginTerminatingAsync("acme"));

        await ended.NoteAsync(tenant.Place.TenantId, leftSomething: true, CancellationToken.None);

        for (var round = 1; round <= 2; round++)
        {
            var termination = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
            await plane.Lifecycle.EndDestroyAsync(
                new TenantDestroyEnd { TenantId = termination.TenantId, JobId = termination.JobId, Inventory = Clean }, CancellationToken.None);
            Assert.IsType<TerminationRefused>(await plane.BeginTerminatingAsync("acme"));
            await ended.NoteAsync(tenant.Place.TenantId, leftSomething: true, CancellationToken.None);
        }
    }

    [Fact]
    public async Task A_backup_that_comes_after_its_tenants_end_is_not_kept()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var tenant = await FailAsync(plane);
        var late = new BackupRecord("b-1", tenant, "first", "k", "m", 1, "hash", DateTimeOffset.UtcNow);

        await Assert.ThrowsAsync<PermanentFailureException>(() => plane.Backups.RecordAsync(late, insteadOf: null, CancellationToken.None));

        Assert.Empty(await plane.Backups.ListAsync(tenant, CancellationToken.None));
    }

    private static string Ago(int minutes) => FormattableString.Invariant($"now() - interval '{minutes} minutes'");

    private static async Task<long> FailAsync(TestPlane plane)
    {
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await plane.Lifecycle.MarkFailedAsync(
            new TenantFailure { TenantId = reservation.TenantId, JobId = reservation.JobId, Reason = "the disk is full", Inventory = Clean }, CancellationToken.None);
        return reservation.TenantId;
    }
}
