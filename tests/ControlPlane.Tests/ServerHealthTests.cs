using Bibind.ControlPlane.Servers;

namespace Bibind.ControlPlane.Tests;

/// <summary>Each check counts once, whoever makes it and dies; states and alerts follow from several in a row.</summary>
public sealed class ServerHealthTests(PostgresCluster cluster)
{
    private static readonly HealthThresholds Thresholds = new();
    private static readonly TimeSpan Lease = TimeSpan.FromMinutes(1);
    private static readonly ServerCheckResult Fine = new(ServerHealth.Healthy, null, new ServerMeasures { ApplicationVersion = "18.0", Connections = 3 });
    private static readonly ServerCheckResult Silent = new(ServerHealth.Critical, "Nothing listens.", new ServerMeasures());
    private static readonly ServerCheckResult Slow = new(ServerHealth.Warning, "It is slow.", new ServerMeasures { ApplicationVersion = "18.0" });

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Machines_that_look_at_once_claim_each_server_for_one_of_them()
    {
        await using var plane = await cluster.NewPlaneAsync();
        for (var i = 0; i < 20; i++)
        {
            await plane.AddServerAsync($"odoo-{i}", withTemplate: false);
        }

        var health = plane.Get<ServerHealthStore>();
        var claims = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => health.ClaimDueAsync(DateTimeOffset.UtcNow, Lease, 100, Token))));

        Assert.Equal(20, claims.Sum(c => c.Count));
        Assert.Equal(20, claims.SelectMany(c => c).Select(c => c.ServerId).Distinct().Count());
        Assert.Empty(await health.ClaimDueAsync(DateTimeOffset.UtcNow, Lease, 100, Token));
    }

    [Fact]
    public async Task Drafts_and_disabled_servers_are_left_alone()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.Servers.CreateAsync(TestPlane.NewServer("draft"), "test", Token);
        await plane.AddServerAsync("gone", withTemplate: false);
        await plane.Servers.ChangeStateAsync("gone", ServerStates.Disabled, "jane", "old", Token);

        Assert.Empty(await plane.Get<ServerHealthStore>().ClaimDueAsync(DateTimeOffset.UtcNow, Lease, 100, Token));
    }

    [Fact]
    public async Task What_a_machine_claimed_that_died_is_another_ones_later_and_counts_once()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var health = plane.Get<ServerHealthStore>();
        var lost = Assert.Single(await health.ClaimDueAsync(DateTimeOffset.UtcNow, TimeSpan.Zero, 100, Token));

        var taken = Assert.Single(await health.ClaimDueAsync(DateTimeOffset.UtcNow, Lease, 100, Token));
        Assert.True((await health.RecordAsync(taken, Silent, DateTimeOffset.UtcNow, Thresholds, Token)).Counts);

        // The first was frozen, not dead: what it found comes too late.
        Assert.False((await health.RecordAsync(lost, Silent, DateTimeOffset.UtcNow, Thresholds, Token)).Counts);
        Assert.False((await health.RecordAsync(taken, Silent, DateTimeOffset.UtcNow, Thresholds, Token)).Counts);
        Assert.Equal(1, await plane.ScalarAsync<int>("select failures from control.server_watch"));
        Assert.Equal(1, await plane.ScalarAsync<int>("select count(*)::int from control.server_checks"));
    }

    [Fact]
    public async Task Three_failures_in_a_row_make_a_server_offline_and_two_passes_bring_it_back()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);

        var states = new List<string>();
        foreach (var result in new[] { Silent, Silent, Fine, Silent, Silent, Silent, Silent, Fine, Silent, Fine, Fine })
        {
            states.Add((await CheckAsync(plane, result)).To);
        }

        Assert.Equal(
            ["active", "active", "active", "active", "active", "offline", "offline", "offline", "offline", "offline", "active"], states);
        var changes = await plane.Servers.ListStateChangesAsync(1, Token);
        Assert.Equal(
            [("active", "offline", ServerHealthStore.Who), ("offline", "active", ServerHealthStore.Who)],
            changes.Skip(1).Select(c => (c.FromState, c.ToState, c.ChangedBy)));
        Assert.Equal("did not answer 3 times in a row: Nothing listens.", changes[1].Reason);
    }

    [Fact]
    public async Task People_hear_once_of_what_repeats_and_again_when_it_comes_back()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        var raised = new List<string>();
        foreach (var result in new[] { Slow, Slow, Fine, Slow, Silent, Silent, Silent, Silent })
        {
            raised.AddRange((await CheckAsync(plane, result)).Raised);
        }

        Assert.Equal([ServerAlerts.Warning, ServerAlerts.Warning, ServerAlerts.Offline], raised);
        var health = plane.Get<ServerHealthStore>();
        Assert.Equal(ServerAlerts.Offline, Assert.Single((await health.ListAlertsAsync(openOnly: true, PageRequest.First, Token)).Items).Kind);
        Assert.Equal(3, (await health.ListAlertsAsync(openOnly: false, PageRequest.First, Token)).Total);

        await CheckAsync(plane, Fine);
        await CheckAsync(plane, Fine);
        Assert.Empty((await health.ListAlertsAsync(openOnly: true, PageRequest.First, Token)).Items);
    }

    [Fact]
    public async Task A_server_in_maintenance_is_checked_and_nobody_is_told()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await plane.Servers.ChangeStateAsync("odoo-1", ServerStates.Maintenance, "jane", "kernel", Token);
        for (var i = 0; i < 4; i++)
        {
            Assert.Empty((await CheckAsync(plane, Silent)).Raised);
        }

        var server = (await plane.Servers.FindAsync("odoo-1", Token))!;
        Assert.Equal((ServerStates.Maintenance, ServerHealth.Critical, "Nothing listens."), (server.State, server.Health, server.HealthReason));
    }

    [Fact]
    public async Task Another_series_of_the_application_is_told_and_not_taken_over()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await CheckAsync(plane, Fine);

        var other = await CheckAsync(plane, Slow with { Measures = new ServerMeasures { ApplicationVersion = "19.0" }, IsOtherVersion = true });

        Assert.Equal([ServerAlerts.Version], other.Raised);
        Assert.Equal("18.0", (await plane.Servers.FindAsync("odoo-1", Token))!.ApplicationVersion);
    }

    [Fact]
    public async Task A_warning_of_nothing_but_capacity_keeps_no_order_away()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync();
        await CheckAsync(plane, Slow);
        Assert.IsType<Tenants.ReservationRefused>(await plane.ReserveAsync(TestPlane.Order()));

        await CheckAsync(plane, Slow with { OnlyCapacityWarns = true });

        Assert.IsType<Tenants.Reservation>(await plane.ReserveAsync(TestPlane.Order()));
    }

    [Fact]
    public async Task The_history_holds_what_was_measured_and_old_checks_go()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await plane.AddServerAsync(withTemplate: false);
        await CheckAsync(plane, Slow);
        await plane.ScalarAsync<int>("update control.server_checks set checked_at = now() - interval '31 days'");
        await CheckAsync(plane, Fine);
        var health = plane.Get<ServerHealthStore>();

        var history = await health.ListAsync(1, PageRequest.First, Token);
        Assert.Equal([(ServerHealth.Healthy, 3), (ServerHealth.Warning, null)], history.Items.Select(c => (c.Health, c.Measures.Connections)));

        Assert.Equal(1, await health.PurgeAsync(TimeSpan.FromDays(30), Token));
        Assert.Equal(1, (await health.ListAsync(1, PageRequest.First, Token)).Total);
    }

    private static async Task<RecordedCheck> CheckAsync(TestPlane plane, ServerCheckResult result)
    {
        var health = plane.Get<ServerHealthStore>();
        var claimed = Assert.Single(await health.ClaimDueAsync(DateTimeOffset.UtcNow, Lease, 100, Token));
        var recorded = await health.RecordAsync(claimed, result, DateTimeOffset.UtcNow, Thresholds, Token);
        Assert.True(recorded.Counts);
        return recorded;
    }
}
