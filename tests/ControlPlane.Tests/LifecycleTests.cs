using System.Text.Json;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;

namespace Bibind.ControlPlane.Tests;

public sealed class LifecycleTests(PostgresCluster cluster)
{
    private static readonly Inventory Clean = new() { Items = [new InventoryItem("database", "acme", InventoryItem.Absent)] };
    private static readonly Inventory Left = new() { Items = [new InventoryItem("database", "acme", InventoryItem.Present)] };

    [Fact]
    public async Task A_reservation_is_confirmed_as_often_as_asked()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        for (var delivery = 0; delivery < 2; delivery++)
        {
            Assert.Equal(reservation.Place, await plane.Lifecycle.ConfirmReservationAsync(reservation.TenantId, reservation.JobId, CancellationToken.None));
        }
    }

    [Fact]
    public async Task A_reservation_that_does_not_exist_is_a_permanent_failure()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await Assert.ThrowsAsync<PermanentFailureException>(() => plane.Lifecycle.ConfirmReservationAsync(99, "job", CancellationToken.None));
    }

    [Fact]
    public async Task A_reservation_that_failed_is_a_permanent_failure()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await FailAsync(plane, reservation, Clean);
        await Assert.ThrowsAsync<PermanentFailureException>(() =>
            plane.Lifecycle.ConfirmReservationAsync(reservation.TenantId, reservation.JobId, CancellationToken.None));
    }

    [Fact]
    public async Task An_activated_tenant_is_active_and_its_job_tells_where_it_is()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await plane.Backups.RecordAsync(
            new BackupRecord("b1", reservation.TenantId, "first", "backups/acme/1/database.dump", "m", 1, "00", DateTimeOffset.UtcNow), insteadOf: null, CancellationToken.None);
        var first = await plane.Lifecycle.ActivateAsync(reservation.TenantId, reservation.JobId, CancellationToken.None);
        var activatedAt = (await plane.Tenants.FindAsync("acme", CancellationToken.None))!.ActivatedAt;
        var second = await plane.Lifecycle.ActivateAsync(reservation.TenantId, reservation.JobId, CancellationToken.None);

        Assert.Equal("backups/acme/1/database.dump", first.BackupKey);
        Assert.Equal(first.BaseUrl, second.BaseUrl);
        var tenant = (await plane.Tenants.FindAsync("acme", CancellationToken.None))!;
        Assert.Equal((TenantStates.Active, activatedAt), (tenant.State, tenant.ActivatedAt));
        var job = (await plane.Jobs.FindAsync(reservation.JobId, CancellationToken.None))!;
        Assert.Equal(JobOutcomes.Succeeded, job.Outcome);
        using var result = JsonDocument.Parse(job.Result!);
        Assert.Equal(("acme", "acme.example.com"), (result.RootElement.GetProperty("database").GetString(), result.RootElement.GetProperty("host").GetString()));
    }

    [Fact]
    public async Task A_failed_tenant_cannot_be_activated()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await FailAsync(plane, reservation, Clean);
        await Assert.ThrowsAsync<PermanentFailureException>(() =>
            plane.Lifecycle.ActivateAsync(reservation.TenantId, reservation.JobId, CancellationToken.None));
    }

    [Fact]
    public async Task A_failed_tenant_frees_its_code_host_database_and_place()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1);
        var first = await plane.MustReserveAsync();
        await FailAsync(plane, first, Clean);
        var second = await plane.MustReserveAsync();
        Assert.Equal((first.Place.Host, first.Place.Database, first.Place.ServerCode), (second.Place.Host, second.Place.Database, second.Place.ServerCode));
        Assert.NotEqual(first.JobId, second.JobId);
        Assert.Equal(second.TenantId, (await plane.Tenants.FindAsync("acme", CancellationToken.None))!.Id);
    }

    [Fact]
    public async Task A_failure_keeps_its_reason_on_the_tenant_and_its_proof_on_the_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await FailAsync(plane, reservation, Clean);
        await FailAsync(plane, reservation, Clean);
        var tenant = (await plane.Tenants.FindAsync("acme", CancellationToken.None))!;
        Assert.Equal((TenantStates.Failed, "the disk is full", false), (tenant.State, tenant.Reason, tenant.Leftovers));
        var job = (await plane.Jobs.FindAsync(reservation.JobId, CancellationToken.None))!;
        Assert.Equal((JobOutcomes.Failed, "the disk is full"), (job.Outcome, job.Reason));
        Assert.Equal(Clean.Items, job.ReadInventory()!.Items);
    }

    [Fact]
    public async Task An_active_tenant_can_be_removed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1);
        var reservation = await plane.MustProvisionAsync();
        var termination = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
        Assert.Equal($"destroy-acme-{reservation.TenantId}-1", termination.JobId);
        var place = await plane.Lifecycle.ConfirmTerminationAsync(termination.TenantId, termination.JobId, CancellationToken.None);
        Assert.Equal(reservation.Place with { JobId = termination.JobId }, place);

        await EndAsync(plane, termination, Clean);
        await EndAsync(plane, termination, Clean);
        Assert.Equal(TenantStates.Terminated, (await plane.Tenants.FindAsync("acme", CancellationToken.None))!.State);
        Assert.Equal(JobOutcomes.Succeeded, (await plane.Jobs.FindAsync(termination.JobId, CancellationToken.None))!.Outcome);
        await plane.MustReserveAsync();
    }

    [Fact]
    public async Task A_removal_that_left_something_stays_terminating_with_the_reason_and_can_be_begun_again()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync();
        var first = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
        await EndAsync(plane, first, Left, "the database is in use");
        var tenant = (await plane.Tenants.FindAsync("acme", CancellationToken.None))!;
        Assert.Equal((TenantStates.Terminating, "the database is in use", true), (tenant.State, tenant.Reason, tenant.Leftovers));
        Assert.Equal(JobOutcomes.Failed, (await plane.Jobs.FindAsync(first.JobId, CancellationToken.None))!.Outcome);
        Assert.EndsWith("-2", Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme")).JobId, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removal_that_gave_up_before_it_asked_the_servers_proves_nothing()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync();
        var termination = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
        await EndAsync(plane, termination, new Inventory(), "the final backup failed");
        Assert.Equal(TenantStates.Terminating, (await plane.Tenants.FindAsync("acme", CancellationToken.None))!.State);
        var proof = (await plane.Jobs.FindAsync(termination.JobId, CancellationToken.None))!.ReadInventory()!;
        Assert.False(proof.IsClean);
        Assert.Equal(InventoryItem.Unknown, Assert.Single(proof.Items).State);
    }

    [Fact]
    public async Task An_order_that_began_nothing_says_so_in_its_inventory()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await FailAsync(plane, reservation, new Inventory());
        var proof = (await plane.Jobs.FindAsync(reservation.JobId, CancellationToken.None))!.ReadInventory()!;
        Assert.Equal((InventoryItem.Absent, "nothing was begun"), (proof.Items[0].State, proof.Items[0].Detail));
        Assert.True(proof.IsClean);
    }

    [Fact]
    public async Task Of_ten_that_remove_a_tenant_at_once_one_does_and_the_others_learn_its_job()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync();
        var results = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => Task.Run(() => plane.BeginTerminatingAsync("acme"))));
        var winner = Assert.Single(results.OfType<Termination>());
        Assert.All(results.OfType<TerminationRefused>(), r => Assert.Equal((TerminationRefusalKind.JobRunning, winner.JobId), (r.Kind, r.JobId)));
    }

    [Fact]
    public async Task A_tenant_that_is_being_provisioned_is_not_removed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        var refused = await RefusedAsync(plane, TerminationRefusalKind.Provisioning);
        Assert.Equal(reservation.JobId, refused.JobId);
    }

    [Fact]
    public async Task An_unknown_tenant_is_not_found()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await RefusedAsync(plane, TerminationRefusalKind.NotFound);
    }

    [Fact]
    public async Task A_removed_tenant_is_not_removed_again()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync();
        await EndAsync(plane, Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme")), Clean);
        await RefusedAsync(plane, TerminationRefusalKind.AlreadyTerminated);
    }

    [Fact]
    public async Task A_failed_tenant_that_was_undone_has_nothing_to_remove()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await FailAsync(plane, await plane.MustReserveAsync(), Clean);
        await RefusedAsync(plane, TerminationRefusalKind.NothingLeft);
    }

    [Fact]
    public async Task A_failed_tenant_with_leftovers_can_be_removed_once_more()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await FailAsync(plane, await plane.MustReserveAsync(), Left);
        Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
        await RefusedReservationAsync(plane);
    }

    [Fact]
    public async Task Leftovers_are_not_removed_under_the_names_of_a_new_tenant()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await FailAsync(plane, await plane.MustReserveAsync(), Left);
        var rival = await plane.MustReserveAsync("rival");
        await plane.ScalarAsync<int>($"update control.tenants set database = 'acme' where id = {rival.TenantId}");
        await RefusedAsync(plane, TerminationRefusalKind.NamesTakenAgain);
    }

    [Fact]
    public async Task A_job_that_is_not_the_open_one_does_not_get_the_place()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await plane.MustProvisionAsync();
        var termination = Assert.IsType<Termination>(await plane.BeginTerminatingAsync("acme"));
        await Assert.ThrowsAsync<PermanentFailureException>(() =>
            plane.Lifecycle.ConfirmTerminationAsync(termination.TenantId, "another-job", CancellationToken.None));
    }

    [Fact]
    public async Task A_tenant_whose_activation_is_taken_back_is_looked_after_by_nobody_and_can_be_failed()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustReserveAsync();
        await plane.Lifecycle.ActivateAsync(
            reservation.TenantId, reservation.JobId, [], [new PutOff(PendingKinds.FirstBackup, "being taken")], staging: null, together: null, CancellationToken.None);
        Assert.Equal([reservation.TenantId], await plane.Get<RoutedTenants>().ListAsync(CancellationToken.None));

        for (var delivery = 0; delivery < 2; delivery++)
        {
            await plane.Get<TenantDeactivation>().DeactivateAsync(reservation.TenantId, reservation.JobId, CancellationToken.None);
        }

        Assert.Empty(await plane.Get<RoutedTenants>().ListAsync(CancellationToken.None));
        Assert.Empty(await plane.Get<PendingItems>().OfAsync(reservation.TenantId, CancellationToken.None));
        var tenant = (await plane.Tenants.GetAsync(reservation.TenantId, CancellationToken.None))!;
        Assert.Equal((TenantStates.Provisioning, null), (tenant.State, tenant.ActivatedAt));
        await FailAsync(plane, reservation, Clean);
        Assert.Equal(TenantStates.Failed, (await plane.Tenants.GetAsync(reservation.TenantId, CancellationToken.None))!.State);
    }

    [Fact]
    public async Task A_removal_that_has_begun_is_not_taken_back()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustProvisionAsync();
        await plane.BeginTerminatingAsync("acme");

        await plane.Get<TenantDeactivation>().DeactivateAsync(reservation.TenantId, reservation.JobId, CancellationToken.None);

        Assert.Equal(TenantStates.Terminating, (await plane.Tenants.GetAsync(reservation.TenantId, CancellationToken.None))!.State);
    }

    [Fact]
    public async Task An_active_tenant_is_not_given_to_a_removal()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var reservation = await plane.MustProvisionAsync();
        await Assert.ThrowsAsync<PermanentFailureException>(() =>
            plane.Lifecycle.ConfirmTerminationAsync(reservation.TenantId, reservation.JobId, CancellationToken.None));
    }

    private static Task FailAsync(TestPlane plane, Reservation reservation, Inventory inventory) => plane.Lifecycle.MarkFailedAsync(
        new TenantFailure { TenantId = reservation.TenantId, JobId = reservation.JobId, Reason = "the disk is full", Inventory = inventory }, CancellationToken.None);

    private static Task EndAsync(TestPlane plane, Termination termination, Inventory inventory, string? reason = null) => plane.Lifecycle.EndDestroyAsync(
        new TenantDestroyEnd { TenantId = termination.TenantId, JobId = termination.JobId, Inventory = inventory, Reason = reason }, CancellationToken.None);

    private static async Task<TerminationRefused> RefusedAsync(TestPlane plane, TerminationRefusalKind kind)
    {
        var refused = Assert.IsType<TerminationRefused>(await plane.BeginTerminatingAsync("acme"));
        Assert.Equal(kind, refused.Kind);
        return refused;
    }

    private static async Task RefusedReservationAsync(TestPlane plane) =>
        Assert.Equal(ReservationRefusalKind.CodeTaken, Assert.IsType<ReservationRefused>(await plane.ReserveAsync(TestPlane.Order())).Kind);
}
