using Bibind.ControlPlane.Pools;
using Bibind.ControlPlane.Templates;
using static Bibind.ControlPlane.Tests.PoolSteps;

namespace Bibind.ControlPlane.Tests;

/// <summary>What is decided about pools.</summary>
public sealed class WarmPoolPlanTests(PostgresCluster cluster)
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_pool_is_filled_a_few_at_a_time_and_not_beyond_its_size()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 5);
        var names = new HashSet<string>();
        for (var round = 0; round < 5; round++)
        {
            var plan = await PlanAsync(plane, server, Limits with { AtOnce = 2 });
            Assert.InRange(plan.Fill.Count, 0, 2);

            // Planned again by a worker that took over: nothing is made twice.
            Assert.Equal(plan.Fill.Select(f => f.EntryId), (await PlanAsync(plane, server, Limits with { AtOnce = 2 })).Fill.Select(f => f.EntryId));
            foreach (var entry in plan.Fill)
            {
                Assert.True(names.Add(entry.Database));
                Assert.Matches("^pool_[0-9a-f]{8}_[0-9]+$", entry.Database);
                await ReadyAsync(plane, entry);
            }
        }

        Assert.Equal(5, (await PoolAsync(plane)).Ready);
        Assert.Null((await PlanAsync(plane, server)).Wait);
        Assert.Empty(await plane.Get<WarmPoolViews>().FindServersAsync(all: false, Cancellation));
    }

    [Fact]
    public async Task Orders_go_first_until_they_are_old()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 2);
        await plane.MustReserveAsync();

        var held = await PlanAsync(plane, server);

        Assert.Empty(held.Fill);
        Assert.Equal(Limits.Pause, held.Wait);
        Assert.Equal("An order is under way.", (await PoolAsync(plane)).Held);
        Assert.Equal(2, (await PlanAsync(plane, server, Limits with { OrdersFirst = TimeSpan.Zero })).Fill.Count);
    }

    [Fact]
    public async Task Another_version_of_the_template_drains_its_clones_and_orders_take_none_of_them()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 2);
        await FillAsync(plane, server);
        await plane.Templates.AttachAsync(
            new NewTemplate { Code = "blank", Server = "odoo-1", WarmPoolSize = 2, RequestedBy = "test" }, "hash-2", 45_000_000, Cancellation);

        Assert.Null((await plane.MustReserveAsync()).Place.Pooled);
        Assert.Empty((await PlanAsync(plane, server)).Drop);
        Assert.Equal((0, 2), ((await PoolAsync(plane)).Ready, (await PoolAsync(plane)).Draining));
        var plan = await PlanAsync(plane, server, Limits with { OrdersFirst = TimeSpan.Zero });

        Assert.Equal(["hash-1", "hash-1"], plan.Drop.Select(d => d.ContentHash));
        Assert.Equal(["hash-2", "hash-2"], plan.Fill.Select(f => f.ContentHash));
    }

    [Fact]
    public async Task A_clone_that_becomes_ready_after_its_template_has_changed_is_dropped()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 1);
        var entry = Assert.Single((await PlanAsync(plane, server)).Fill);
        await plane.ScalarAsync<int>("update control.templates set content_hash = 'hash-2' where code = 'blank'");

        await ReadyAsync(plane, entry);

        Assert.Equal("draining", await plane.ScalarAsync<string>("select state from control.pool_entries"));
        Assert.Null((await plane.MustReserveAsync()).Place.Pooled);
    }

    [Fact]
    public async Task A_smaller_pool_and_a_server_that_drains_drop_the_youngest()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 4);
        await FillAsync(plane, server);
        var all = await IdsAsync(plane);
        await SizeAsync(plane, 3);

        Assert.Single(await plane.Get<WarmPoolViews>().FindServersAsync(all: false, Cancellation));
        Assert.Equal([all[3]], (await PlanAsync(plane, server)).Drop.Select(d => d.EntryId));
        await plane.ScalarAsync<int>("update control.servers set draining = true");
        Assert.Equal(4, (await PlanAsync(plane, server)).Drop.Count);
    }

    [Theory]
    [InlineData("update control.servers set state = 'offline'", "The server is offline.")]
    [InlineData("update control.servers set state = 'maintenance'", "The server is maintenance.")]
    [InlineData("update control.servers set health = 'critical'", "The server does not answer.")]
    public async Task A_server_that_is_away_is_left_alone(string sql, string held)
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 2);
        await plane.ScalarAsync<int>(sql);

        var plan = await PlanAsync(plane, server);

        Assert.Empty(plan.Fill);
        Assert.Null(plan.Wait);
        Assert.Equal(held, (await PoolAsync(plane)).Held);
    }

    [Theory]
    [InlineData("update control.servers set health = 'warning'", "health says why")]
    [InlineData("""update control.servers set disk_gb = 10; insert into control.server_checks (server_id, checked_at, health, measures) select id, now(), 'healthy', '{"databaseBytes": 7990000000}' from control.servers""", "7 of 10 GB")]
    [InlineData("""insert into control.server_checks (server_id, checked_at, health, measures) select id, now(), 'healthy', '{"fileStoreFreeBytes": 19, "fileStoreBytes": 100}' from control.servers""", "file store is short")]
    public async Task Nothing_is_made_where_the_disk_is_short_and_what_is_ready_is_taken(string sql, string held)
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 1);
        await FillAsync(plane, server);
        await SizeAsync(plane, 2);
        await plane.ScalarAsync<int>(sql);

        Assert.Empty((await PlanAsync(plane, server)).Fill);

        Assert.Contains(held, (await PoolAsync(plane)).Held, StringComparison.Ordinal);
        Assert.Equal(1, (await PoolAsync(plane)).Ready);
    }

    [Fact]
    public async Task A_failure_is_shown_and_comes_again_later()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 1);
        var entry = Assert.Single((await PlanAsync(plane, server)).Fill);

        await plane.Get<WarmPoolStore>().PutOffAsync(entry.EntryId, "The disk is full.", Cancellation);

        Assert.Empty((await PlanAsync(plane, server)).Fill);
        Assert.Equal("The disk is full.", (await PoolAsync(plane)).Held);
        await plane.ScalarAsync<int>("update control.pool_entries set next_at = now()");
        Assert.Equal(entry.EntryId, Assert.Single((await PlanAsync(plane, server)).Fill).EntryId);
    }

    [Fact]
    public async Task What_the_server_lacks_is_made_anew_and_what_no_row_knows_is_dropped()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 2);
        await FillAsync(plane, server);
        await plane.ScalarAsync<int>("update control.pool_entries set ready_at = now() - interval '1 hour'");
        var entries = (await RowsAsync(plane)).ToList();
        var label = await plane.Get<WarmPoolStore>().GetLabelAsync(Cancellation);
        var seen = new SeenPoolDatabases(
            DateTimeOffset.UtcNow, new Dictionary<string, long> { [entries[0].Database] = entries[0].Oid, [$"pool_{label}_999"] = 4711 });

        var plan = await plane.Get<WarmPoolStore>().PlanAsync(server, Limits, seen, Cancellation);

        Assert.Equal([entries[1].Database, $"pool_{label}_999"], plan.Drop.Select(d => d.Database));
        Assert.Single(plan.Fill);
        Assert.Equal(label, await plane.Get<WarmPoolStore>().GetLabelAsync(Cancellation));
    }

    [Fact]
    public async Task A_template_that_is_gone_drains_its_clones()
    {
        await using var plane = await cluster.NewPlaneAsync();
        var server = await AddAsync(plane, wanted: 2);
        await FillAsync(plane, server);
        await plane.ScalarAsync<int>("delete from control.templates where code = 'blank'");

        Assert.Single(await plane.Get<WarmPoolViews>().FindServersAsync(all: false, Cancellation));
        Assert.Equal(2, (await PlanAsync(plane, server)).Drop.Count);
    }

    [Fact]
    public async Task The_size_is_changed_of_what_was_seen_and_recorded_with_who_and_why()
    {
        await using var plane = await cluster.NewPlaneAsync();
        await AddAsync(plane, wanted: 1);
        var seen = (await plane.Templates.FindAsync("odoo-1", "blank", Cancellation))!.PoolVersion;
        var sizes = plane.Get<TemplatePoolSizes>();

        var done = Assert.IsType<PoolSizeResult.Done>(await sizes.SetAsync("odoo-1", "blank", [seen], 7, "ada", "a campaign", Cancellation));
        var stale = Assert.IsType<PoolSizeResult.Stale>(await sizes.SetAsync("odoo-1", "blank", [seen], 9, "bob", "late", Cancellation));

        Assert.Equal((7, 7), (done.Template.WarmPoolSize, stale.Template.WarmPoolSize));
        Assert.IsType<PoolSizeResult.NotFound>(await sizes.SetAsync("odoo-1", "none", null, 9, "bob", "late", Cancellation));
        Assert.Equal("ada: a campaign", await plane.ScalarAsync<string>("select changed_by || ': ' || reason from control.server_changes where action = 'warm-pool'"));
    }
}
