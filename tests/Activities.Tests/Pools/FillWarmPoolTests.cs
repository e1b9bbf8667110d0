using Bibind.Activities.Pools;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Pools;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Pools;

/// <summary>Ready clones are made whole, once, and nobody can enter them; what is not ours is never dropped.</summary>
public sealed class FillWarmPoolTests
{
    [Fact]
    public async Task A_clone_is_made_labelled_recorded_and_has_its_files()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = world.NewEntry();

        await world.FillAsync(entry);

        var (oid, bytes, hasFiles) = world.World.Pools.Ready[entry.EntryId];
        Assert.Equal(await world.OidAsync(entry.Database), oid);
        Assert.True(bytes > 1_000_000);
        Assert.True(hasFiles);
        var known = world.World.Databases.Known[(uint)oid];
        Assert.Equal((DatabaseHolder.Template(7), DatabasePurposes.Pool, "v1"), (known.Holder, known.Purpose, known.ContentHash));
        Assert.StartsWith(
            $"bibind pool={entry.Database}",
            await world.World.AskAsync<string>($"select shobj_description(oid, 'pg_database') from pg_database where datname = '{entry.Database}'"), StringComparison.Ordinal);
        Assert.Equal([$".bibind-{entry.Database}"], world.Stores());
    }

    [Fact]
    public async Task Filling_again_makes_nothing_twice()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        world.World.Pools.States[entry.EntryId] = PoolEntryStates.Filling;

        await world.FillAsync(entry);

        Assert.Equal(entry.Oid, world.World.Pools.Ready[entry.EntryId].Oid);
    }

    [Fact]
    public async Task Filling_that_was_killed_before_it_was_recorded_goes_on_with_the_same_database()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = world.NewEntry();
        world.World.Databases.KilledBeforeRecording = DatabasePurposes.Pool;
        await world.FillAsync(entry);
        Assert.Contains("killed", world.World.Pools.Reasons[entry.EntryId], StringComparison.Ordinal);
        var oid = await world.OidAsync(entry.Database);

        await world.FillAsync(entry);

        Assert.Equal(oid, world.World.Pools.Ready[entry.EntryId].Oid);
    }

    [Fact]
    public async Task A_pool_database_and_its_template_take_no_connections_and_no_ones_objects()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();

        foreach (var user in new[] { null, LocalServer.ApplicationRole, LocalServer.MaintenanceRole })
        {
            var refused = await Assert.ThrowsAsync<PostgresException>(() => world.World.OpenAsync(entry.Database, user));
            Assert.Equal("55000", refused.SqlState);
        }

        Assert.False(await world.World.AskAsync<bool>($"select has_database_privilege('{LocalServer.ApplicationRole}', '{entry.Database}', 'connect')"));
        await using var application = await world.World.OpenAsync("postgres", LocalServer.ApplicationRole);
        foreach (var sql in new[] { $"alter database {entry.Database} allow_connections true", $"drop database {entry.Database}", $"alter database {entry.Database} set search_path = 'evil'", $"comment on database {entry.Database} is 'mine'" })
        {
            await using var command = new NpgsqlCommand(sql, application);
            Assert.Equal(PostgresErrorCodes.InsufficientPrivilege, (await Assert.ThrowsAsync<PostgresException>(() => command.ExecuteNonQueryAsync())).SqlState);
        }
    }

    [Fact]
    public async Task A_template_that_is_gone_is_noted_and_makes_nothing()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = world.NewEntry(source: "no_such_template");

        await world.FillAsync(entry);

        Assert.Contains("no_such_template", world.World.Pools.Reasons[entry.EntryId], StringComparison.Ordinal);
        Assert.False(await world.World.DatabaseExistsAsync(entry.Database));
    }

    [Fact]
    public async Task A_strangers_database_of_that_name_is_neither_used_nor_dropped()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = world.NewEntry();
        await world.World.ExecuteAsync($"create database {entry.Database} owner {LocalServer.ApplicationRole}");

        await world.FillAsync(entry);
        await world.DropAsync(entry, entry with { EntryId = 0 });

        Assert.Contains("not ours", world.World.Pools.Reasons[entry.EntryId], StringComparison.Ordinal);
        Assert.True(await world.World.DatabaseExistsAsync(entry.Database));
    }

    [Fact]
    public async Task Dropping_takes_database_files_and_rows_and_may_be_repeated()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();

        await world.DropAsync(entry);
        await world.DropAsync(entry);

        Assert.False(await world.World.DatabaseExistsAsync(entry.Database));
        Assert.Empty(world.Stores());
        Assert.False(world.World.Databases.Known.ContainsKey((uint)entry.Oid!.Value));
        Assert.False(world.World.Pools.States.ContainsKey(entry.EntryId));
    }

    [Fact]
    public async Task A_database_without_a_row_is_seen_and_dropped_by_its_label_only()
    {
        await using var world = await PoolWorld.CreateAsync();
        var ours = await world.FilledAsync();
        var stranger = world.NewEntry();
        await world.World.ExecuteAsync($"create database {stranger.Database} owner {LocalServer.MaintenanceRole}");
        await world.World.ExecuteAsync($"comment on database {stranger.Database} is 'precious'");
        world.World.Databases.Known.Clear();

        await world.World.RunAsync<PlanWarmPools, WarmPoolOrder, WarmPoolPlan>(new WarmPoolOrder(1, "srv-1"));
        Assert.Equal([ours.Database], world.World.Pools.Seen!.Databases.Keys);
        await world.DropAsync(new PoolEntry { EntryId = 0, ServerId = 1, ServerCode = "srv-1", Database = ours.Database }, stranger with { EntryId = 0 });

        Assert.False(await world.World.DatabaseExistsAsync(ours.Database));
        Assert.True(await world.World.DatabaseExistsAsync(stranger.Database));
        Assert.Empty(world.Stores());
    }

    [Fact]
    public async Task A_database_that_a_tenant_has_by_now_is_not_dropped()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);
        await world.CloneAsync(place);

        await world.DropAsync(entry);

        Assert.Equal(entry.Oid, await world.OidAsync(place.Database));
    }

    [Fact]
    public async Task In_the_background_each_way_of_cloning_is_tried_once_and_remembered()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();

        var time = Assert.Single(world.World.CloneTimes.Times.Values);

        Assert.Equal(entry.Source, Assert.Single(world.World.CloneTimes.Times.Keys).Source.Source);
        Assert.Equal("wal_log", time.Strategy);
        Assert.NotNull(time.Milliseconds);
    }
}
