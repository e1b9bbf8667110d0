using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using static Bibind.ControlPlane.Tests.PoolSteps;

namespace Bibind.ControlPlane.Tests;

/// <summary>What orders take from pools.</summary>
public sealed class WarmPoolClaimTests(PostgresCluster cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_fifty_orders_at_once_ten_take_the_ten_clones_and_none_twice()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 10);
        await FillAsync(plane, server);

        var results = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => plane.ReserveAsync(TestPlane.Order($"rival-{i}")))));

        var taken = results.Cast<Reservation>().Select(r => r.Place.Pooled).OfType<PooledClone>().ToList();
        Assert.Equal(10, taken.Count);
        Assert.Equal(10, taken.Select(t => t.EntryId).Distinct().Count());
        Assert.Equal(10, taken.Select(t => t.Oid).Distinct().Count());
        var pool = await PoolAsync(plane);
        Assert.Equal((0, 10L, 40L), (pool.Ready, pool.Hits, pool.Misses));
        Assert.Equal(10, await plane.ScalarAsync<int>("select count(*)::int from control.databases where purpose = 'pool' and tenant_id is not null and template_id is null"));
    }

    [Fact]
    public async Task A_reservation_that_is_rolled_back_gives_its_clone_back_and_counts_nothing()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 1);
        await FillAsync(plane, server);
        await using (var connection = await plane.Database.OpenConnectionAsync(Cancellation))
        await using (var transaction = await connection.BeginTransactionAsync(Cancellation))
        {
            var reserved = Assert.IsType<Reservation>(await plane.Reservations.ReserveAsync(connection, transaction, TestPlane.Order(), Cancellation));
            Assert.NotNull(reserved.Place.Pooled);
        }

        var pool = await PoolAsync(plane);
        Assert.Equal((1, 0L, 0L), (pool.Ready, pool.Hits, pool.Misses));
    }

    [Fact]
    public async Task The_step_that_confirms_a_place_finds_the_clone_each_time()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await FillAsync(plane, await AddAsync(plane, wanted: 1));
        var reservation = await plane.MustReserveAsync();

        var first = await plane.Lifecycle.ConfirmReservationAsync(reservation.TenantId, reservation.JobId, Cancellation);
        var second = await plane.Lifecycle.ConfirmReservationAsync(reservation.TenantId, reservation.JobId, Cancellation);

        Assert.NotNull(first.Pooled);
        Assert.Equal(first.Pooled, second.Pooled);
        Assert.Equal(reservation.Place.Pooled, first.Pooled);
    }

    [Fact]
    public async Task A_template_without_a_pool_counts_no_misses_and_a_restored_tenant_takes_nothing()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 0);
        Assert.Null((await plane.MustProvisionAsync("cold")).Place.Pooled);
        Assert.Equal(0L, (await PoolAsync(plane)).Misses);
        await SizeAsync(plane, 1);
        await FillAsync(plane, server);

        var restored = Assert.IsType<Reservation>(await plane.ReserveAsync(TestPlane.Order("restored") with { IsRestored = true }));

        Assert.Null(restored.Place.Pooled);
        Assert.Equal(1, (await PoolAsync(plane)).Ready);
    }

    [Fact]
    public async Task An_order_that_ends_well_ends_its_entry_where_the_database_bears_the_tenants_name()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await FillAsync(plane, await AddAsync(plane, wanted: 1));
        var reservation = await plane.MustReserveAsync();
        await plane.ScalarAsync<int>($"update control.databases set purpose = 'current', name = 'acme' where oid = {reservation.Place.Pooled!.Oid}");

        await plane.Lifecycle.ActivateAsync(reservation.TenantId, reservation.JobId, Cancellation);

        Assert.Equal(0, await plane.ScalarAsync<int>("select count(*)::int from control.pool_entries"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_clone_that_could_not_be_used_is_dropped_after_its_order(bool succeeds)
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 1);
        await FillAsync(plane, server);
        var reservation = await plane.MustReserveAsync();

        await (succeeds
            ? plane.Lifecycle.ActivateAsync(reservation.TenantId, reservation.JobId, Cancellation)
            : plane.Lifecycle.MarkFailedAsync(
                new TenantFailure { TenantId = reservation.TenantId, JobId = reservation.JobId, Reason = "the test wants it", Inventory = new Inventory() }, Cancellation));

        var plan = await PlanAsync(plane, server);
        Assert.Equal([reservation.Place.Pooled!.EntryId], plan.Drop.Select(d => d.EntryId));
        Assert.Single(plan.Fill);
    }
}
