using Bibind.Activities.Inventory;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Pools;

/// <summary>A clone that an order took gets the tenant's names; one that cannot be used is cloned for.</summary>
public sealed class TakeFromPoolTests
{
    [Fact]
    public async Task Database_and_files_are_renamed_and_the_same_again_changes_nothing()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);

        var (first, files) = (await world.CloneAsync(place), await world.CopyAsync(place));
        var (second, again) = (await world.CloneAsync(place), await world.CopyAsync(place));

        Assert.Equal((true, false, true), (first.IsWarm, first.AlreadyThere, second.AlreadyThere));
        Assert.Equal((false, true), (files.AlreadyThere, again.AlreadyThere));
        Assert.Equal(entry.Oid, await world.OidAsync(place.Database));
        Assert.False(await world.World.DatabaseExistsAsync(entry.Database));
        Assert.Equal([place.Database], world.Stores());
        Assert.All(OdooFiles.All, file => Assert.Equal(file.Content, File.ReadAllBytes(Path.Combine(world.Files, place.Database, file.StoreName))));
        Assert.Equal(DatabasePurposes.Current, world.World.Databases.Known[(uint)entry.Oid!.Value].Purpose);
        Assert.Equal(files.Files, again.Files);
    }

    [Theory]
    [InlineData("staged")]
    [InlineData("recorded")]
    public async Task Killed_between_two_names_it_goes_on_with_the_same_database(string after)
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);
        if (after == "staged")
        {
            await world.World.ExecuteAsync($"alter database {entry.Database} rename to \"bibind-new-{place.TenantId}-{place.Code}\"");
        }
        else
        {
            world.World.Databases.KilledBeforeRecording = DatabasePurposes.Current;
            await Assert.ThrowsAsync<TransientFailureException>(() => world.CloneAsync(place));
        }

        var result = await world.CloneAsync(place);

        Assert.True(result.IsWarm);
        Assert.Equal(entry.Oid, await world.OidAsync(place.Database));
    }

    [Fact]
    public async Task Files_that_lost_their_name_half_way_are_finished()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);
        Directory.Move(Path.Combine(world.Files, $".bibind-{entry.Database}"), Path.Combine(world.Files, $".bibind-new-{place.TenantId}-{place.Code}"));

        await world.CopyAsync(place);

        Assert.Equal([place.Database], world.Stores());
        Assert.All(OdooFiles.All, file => Assert.True(File.Exists(Path.Combine(world.Files, place.Database, file.StoreName))));
    }

    [Fact]
    public async Task An_undo_before_anything_was_taken_leaves_neither_the_clone_nor_its_files()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);
        Assert.Contains(await PresentAsync(world, place), item => item.Kind == "database");
        Assert.Contains(await PresentAsync(world, place), item => item.Kind == "file-store");

        await world.UndoAsync(place);
        await world.UndoAsync(place);

        Assert.Empty(await PresentAsync(world, place));
        Assert.False(await world.World.DatabaseExistsAsync(entry.Database));
        Assert.Empty(world.Stores());
    }

    [Theory]
    [InlineData("dropped")]
    [InlineData("opened")]
    [InlineData("of another")]
    [InlineData("prepared")]
    [InlineData("somebody else's")]
    public async Task One_that_cannot_be_used_is_cloned_for(string how)
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);
        var known = world.World.Databases.Known[(uint)entry.Oid!.Value];
        switch (how)
        {
            case "dropped":
                await world.World.ExecuteAsync($"alter database {entry.Database} is_template false");
                await world.World.ExecuteAsync($"drop database {entry.Database}");
                break;
            case "opened":
                await world.World.ExecuteAsync($"alter database {entry.Database} allow_connections true");
                break;
            case "of another":
                world.World.Databases.Known[known.Oid!.Value] = known with { Holder = DatabaseHolder.Tenant(place.TenantId + 1_000_000) };
                break;
            case "prepared":
                await world.World.ExecuteAsync($"alter database {entry.Database} allow_connections true");
                await world.World.ExecuteAsync($"create table held (x int); begin; insert into held values (1); prepare transaction '{entry.Database}'", entry.Database);
                await world.World.ExecuteAsync($"alter database {entry.Database} allow_connections false");
                break;
            default:
                await world.World.ExecuteAsync($"alter database {entry.Database} owner to {LocalServer.ApplicationRole}");
                break;
        }

        try
        {
            var result = await world.CloneAsync(place);

            Assert.False(result.IsWarm);
            Assert.NotEqual(entry.Oid, await world.OidAsync(place.Database));
            Assert.Contains(world.World.Logs.Lines, line => line.Contains("is cloned instead", StringComparison.Ordinal));
        }
        finally
        {
            if (how == "prepared")
            {
                await world.World.ExecuteAsync($"alter database {entry.Database} allow_connections true");
                await world.World.ExecuteAsync($"rollback prepared '{entry.Database}'", entry.Database);
            }
        }
    }

    [Fact]
    public async Task A_session_that_came_in_by_hand_is_ended()
    {
        await using var world = await PoolWorld.CreateAsync();
        var entry = await world.FilledAsync();
        var place = world.Take(entry);
        await world.World.ExecuteAsync($"alter database {entry.Database} allow_connections true");
        await using var session = await world.World.OpenAsync(entry.Database, LocalServer.MaintenanceRole);
        await world.World.ExecuteAsync($"alter database {entry.Database} allow_connections false");

        var result = await world.CloneAsync(place);

        Assert.Equal(entry.Oid, await world.OidAsync(place.Database));
        Assert.True(result.IsWarm);
    }

    private static async Task<IEnumerable<InventoryItem>> PresentAsync(PoolWorld world, TenantDescriptor place) =>
        (await world.World.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false)))
            .Items.Where(i => i is { Kind: "database" or "file-store", State: InventoryItem.Present });
}
