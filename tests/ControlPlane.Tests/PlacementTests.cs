using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;

namespace Bibind.ControlPlane.Tests;

/// <summary>Which server an order gets, which are passed over, and what a refusal says of them.</summary>
public sealed class PlacementTests(PostgresCluster cluster)
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Of_two_hundred_orders_at_once_for_a_hundred_and_fifty_places_exactly_that_many_win()
    {
        await using var plane = await cluster.NewPlaneAsync(("Placement:MinimumFreePercent", "0"));
        await plane.AddServerAsync("odoo-1", 70);
        await plane.AddServerAsync("odoo-2", 50);
        await plane.AddServerAsync("odoo-3", 30);

        var results = await Task.WhenAll(Enumerable.Range(0, 200).Select(i => Task.Run(() => plane.ReserveAsync(TestPlane.Order($"rival-{i}")))));

        Assert.Equal(150, results.OfType<Reservation>().Count());
        Assert.All(results.OfType<ReservationRefused>(), r => Assert.Equal(ReservationRefusalKind.NoCapacity, r.Kind));
        Assert.Equal([70, 50, 30], (await plane.Servers.ListAsync(Token)).OrderBy(s => s.Code).Select(s => s.TenantCount));
        Assert.Equal(150, await plane.ScalarAsync<int>("select count(*)::int from control.jobs"));
    }

    [Fact]
    public async Task Sizes_that_meet_at_once_never_take_more_places_than_there_are()
    {
        await using var plane = await cluster.NewPlaneAsync(("Placement:MinimumFreePercent", "0"));
        await plane.AddServerAsync("odoo-1", 10);

        var results = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => Task.Run(() => plane.ReserveAsync(TestPlane.Order($"rival-{i}") with { Size = 3 }))));

        Assert.Equal(3, results.OfType<Reservation>().Count());
        var server = Assert.Single(await plane.Servers.ListAsync(Token));
        Assert.Equal((3, 9, 10), (server.TenantCount, server.UsedPlaces, server.AvailableCapacityPercent));
        Assert.IsType<Reservation>(await plane.ReserveAsync(TestPlane.Order("small")));
    }

    [Fact]
    public async Task An_order_is_placed_in_its_region_and_where_its_labels_are()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await AddAsync(plane, "plain", null);
        await AddAsync(plane, "west", "eu-west", "nvme");
        await AddAsync(plane, "west-gold", "eu-west", "nvme", "tier=gold");

        Assert.Equal("west-gold", await PlacedAsync(plane, TestPlane.Order("one") with { Region = "eu-west", Labels = ["tier=gold", "nvme"] }));
        Assert.Equal("west", await PlacedAsync(plane, TestPlane.Order("two") with { Region = "eu-west" }));

        var elsewhere = await RefusedAsync(plane, TestPlane.Order("three") with { Region = "us-east" });
        Assert.Equal((ReservationRefusalKind.NoSuitableServer, "region"), (elsewhere.Kind, elsewhere.Field));
        Assert.Contains("plain has no region; west is in the region eu-west; west-gold is in the region eu-west.", elsewhere.Message, StringComparison.Ordinal);
        var unlabelled = await RefusedAsync(plane, TestPlane.Order("three") with { Labels = ["gpu", "nvme"] });
        Assert.Equal((ReservationRefusalKind.NoSuitableServer, "labels"), (unlabelled.Kind, unlabelled.Field));
        Assert.Contains("plain has not the labels gpu, nvme", unlabelled.Message, StringComparison.Ordinal);
        Assert.Contains("west has not the label gpu", unlabelled.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_the_order_leaves_out_comes_from_its_plan_else_from_its_offer()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await AddAsync(plane, "plain", null);
        await AddAsync(plane, "east", "eu-east", "nvme", "shared");
        await AddAsync(plane, "west", "eu-west", "nvme", "shared");
        await plane.ScalarAsync<int>("update control.offers set region = 'eu-east', labels = '{shared}', size = 2");
        await plane.ScalarAsync<int>("update control.plans set labels = '{nvme}'; update control.plans set region = 'eu-west', size = 4 where code = 'pro'");

        Assert.Equal("east", await PlacedAsync(plane, TestPlane.Order("one")));
        Assert.Equal("west", await PlacedAsync(plane, TestPlane.Order("two") with { Plan = "pro" }));
        Assert.Equal("east", await PlacedAsync(plane, TestPlane.Order("three") with { Plan = "pro", Region = "eu-east", Size = 1 }));

        var used = (await plane.Servers.ListAsync(Token)).ToDictionary(s => s.Code, s => s.UsedPlaces);
        Assert.Equal((0, 3, 4), (used["plain"], used["east"], used["west"]));
    }

    [Fact]
    public async Task Packing_fills_one_server_before_it_begins_another()
    {
        await using var plane = await cluster.NewPlaneAsync(("Placement:Strategy", "pack"), ("Placement:MinimumFreePercent", "0"));
        await plane.AddServerAsync("large", 10);
        await plane.AddServerAsync("small", 2);

        var placed = new List<string>();
        foreach (var code in new[] { "one", "two", "three" })
        {
            placed.Add(await PlacedAsync(plane, TestPlane.Order(code)));
        }

        Assert.Equal(["small", "small", "large"], placed);
    }

    [Fact]
    public async Task A_refusal_names_every_server_that_was_passed_over_and_why()
    {
        await using var plane = await cluster.NewPlaneAsync();
        foreach (var code in new[] { "draining", "full", "ill", "offline", "unready" })
        {
            await plane.AddServerAsync(code, 1, withTemplate: code != "unready");
        }

        await plane.Servers.CreateAsync(TestPlane.NewServer("new"), "test", Token);
        await plane.AddServerAsync("gone", withTemplate: false);
        await plane.Servers.ChangeStateAsync("gone", ServerStates.Disabled, "jane", "old", Token);
        await plane.Servers.ChangeStateAsync("offline", ServerStates.Offline, "jane", "dead", Token);
        await plane.Get<ServerChanges>().SetDrainingAsync("draining", null, true, "jane", "to be replaced", Token);
        await plane.ScalarAsync<int>("update control.servers set health = 'warning', health_reason = 'Its disk is full.' where code = 'ill'");
        Assert.Equal("full", await PlacedAsync(plane, TestPlane.Order("first")));

        var refused = await RefusedAsync(plane, TestPlane.Order("second"));

        Assert.Equal(ReservationRefusalKind.NoCapacity, refused.Kind);
        Assert.EndsWith(
            "Passed over: full has 0 of 1 places free; unready has no template 'blank' that is ready; draining is draining; ill is not healthy (warning: Its disk is full); "
            + "new is draft; offline is offline.",
            refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_marked_while_an_order_waits_for_it_is_not_taken()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync("odoo-1");
        Task<ReservationResult> waiting;
        await using (var connection = await plane.Database.OpenConnectionAsync(Token))
        await using (var transaction = await connection.BeginTransactionAsync(Token))
        {
            await using var command = new Npgsql.NpgsqlCommand("update control.servers set draining = true", connection, transaction);
            await command.ExecuteNonQueryAsync(Token);
            waiting = Task.Run(() => plane.ReserveAsync(TestPlane.Order()), Token);
            await Testing.Eventually.TrueAsync(async () => await plane.ScalarAsync<bool>("select exists (select from pg_locks where not granted)"));
            await transaction.CommitAsync(Token);
        }

        var refused = Assert.IsType<ReservationRefused>(await waiting);
        Assert.Contains("odoo-1 is draining", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_best_server_is_the_one_that_an_order_would_get()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await AddAsync(plane, "east", "eu-east");
        await AddAsync(plane, "west", "eu-west");
        var best = plane.Get<BestServer>();

        var found = await best.FindAsync(new PlacementWish { Region = "eu-west", MinimumFreePercent = 20 }, PlacementStrategies.Spread, Token);

        Assert.Equal("west", found.Code);
        Assert.Equal([new PassedOverServer("east", "is in the region eu-east")], found.PassedOver);
        Assert.Null((await best.FindAsync(new PlacementWish { Size = 101 }, PlacementStrategies.Spread, Token)).Code);
    }

    private static async Task AddAsync(TestPlane plane, string code, string? region, params string[] labels)
    {
        var server = await plane.AddServerAsync(code);
        var changed = await plane.Get<ServerChanges>().ChangeAsync(code, null, server.Fields with { Region = region, Labels = labels }, "test", "set up", Token);
        Assert.IsType<ServerChangeResult.Done>(changed);
    }

    private static async Task<string> PlacedAsync(TestPlane plane, TenantOrder order) =>
        Assert.IsType<Reservation>(await plane.ReserveAsync(order)).Place.ServerCode;

    private static async Task<ReservationRefused> RefusedAsync(TestPlane plane, TenantOrder order) =>
        Assert.IsType<ReservationRefused>(await plane.ReserveAsync(order));
}
