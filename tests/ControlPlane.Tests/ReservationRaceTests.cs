using Bibind.ControlPlane.Tenants;
using Bibind.Testing;

namespace Bibind.ControlPlane.Tests;

public sealed class ReservationRaceTests(PostgresCluster cluster)
{
    private const int Rivals = 20;

    [Fact]
    public async Task Of_twenty_orders_for_the_last_place_exactly_one_wins()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1);
        var results = await RaceAsync(plane, i => TestPlane.Order($"rival-{i}"));
        Assert.Single(results.OfType<Reservation>());
        Assert.All(results.OfType<ReservationRefused>(), r => Assert.Equal(ReservationRefusalKind.NoCapacity, r.Kind));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.tenants"));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.jobs"));
    }

    [Fact]
    public async Task Of_twenty_orders_for_one_code_exactly_one_wins()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        var results = await RaceAsync(plane, _ => TestPlane.Order());
        Assert.Single(results.OfType<Reservation>());
        Assert.All(results.OfType<ReservationRefused>(), r => Assert.Equal(ReservationRefusalKind.CodeTaken, r.Kind));
    }

    [Fact]
    public async Task The_code_is_decided_also_between_servers_that_share_no_lock()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync("odoo-1");
        await plane.AddServerAsync("odoo-2", withTemplate: false);
        await plane.Templates.AttachAsync(
            new Templates.NewTemplate { Code = "restaurant", Server = "odoo-2", RequestedBy = "test" }, "h", 1, CancellationToken.None);
        var results = await RaceAsync(plane, i => TestPlane.Order() with { Template = i % 2 == 0 ? "blank" : "restaurant" });
        Assert.Single(results.OfType<Reservation>());
        Assert.All(results.OfType<ReservationRefused>(), r => Assert.Equal(ReservationRefusalKind.CodeTaken, r.Kind));
    }

    [Fact]
    public async Task Twenty_orders_fill_several_servers_without_overfilling_one()
    {
        await using var plane = await cluster.NewPlaneAsync(("Placement:MinimumFreePercent", "0"));
        for (var server = 1; server <= 3; server++)
        {
            await plane.AddServerAsync($"odoo-{server}", maxTenants: 4);
        }

        var results = await RaceAsync(plane, i => TestPlane.Order($"rival-{i}"));
        Assert.Equal(12, results.OfType<Reservation>().Count());
        Assert.All(await plane.Servers.ListAsync(CancellationToken.None), s => Assert.Equal(4, s.TenantCount));
    }

    [Fact]
    public async Task An_order_that_waits_for_a_rival_that_gives_up_gets_the_code()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync("odoo-1");
        await plane.AddServerAsync("odoo-2", withTemplate: false);
        await plane.Templates.AttachAsync(
            new Templates.NewTemplate { Code = "restaurant", Server = "odoo-2", RequestedBy = "test" }, "h", 1, CancellationToken.None);
        Task<ReservationResult> waiting;
        await using (var connection = await plane.Database.OpenConnectionAsync())
        await using (var transaction = await connection.BeginTransactionAsync())
        {
            await plane.Reservations.ReserveAsync(connection, transaction, TestPlane.Order(), CancellationToken.None);
            waiting = Task.Run(() => plane.ReserveAsync(TestPlane.Order() with { Template = "restaurant" }));
            await Eventually.TrueAsync(async () => await plane.ScalarAsync<bool>("select exists (select from pg_locks where not granted)"));
        }

        Assert.Equal("odoo-2", Assert.IsType<Reservation>(await waiting).Place.ServerCode);
    }

    [Fact]
    public async Task Orders_failures_and_removals_at_once_end_without_deadlock_or_leak()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 5);
        await Task.WhenAll(Enumerable.Range(0, Rivals).Select(i => Task.Run(async () =>
        {
            for (var round = 0; round < 5; round++)
            {
                if (await plane.ReserveAsync(TestPlane.Order($"code-{i % 7}")) is Reservation r)
                {
                    await plane.Lifecycle.MarkFailedAsync(
                        new Contracts.TenantFailure { TenantId = r.TenantId, JobId = r.JobId, Reason = "test", Inventory = new Contracts.Inventory() }, CancellationToken.None);
                }

                await plane.BeginTerminatingAsync($"code-{i % 7}");
            }
        })));
        Assert.Equal(0, Assert.Single(await plane.Servers.ListAsync(CancellationToken.None)).TenantCount);
    }

    private static async Task<ReservationResult[]> RaceAsync(TestPlane plane, Func<int, TenantOrder> order) =>
        await Task.WhenAll(Enumerable.Range(0, Rivals).Select(i => Task.Run(() => plane.ReserveAsync(order(i)))));
}
