using Bibind.Activities.Backup;
using Bibind.Activities.Credentials;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Activities.Storage;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Local;
using Xunit;

namespace Bibind.Activities.Tests.Inventory;

public sealed class TakeInventoryTests
{
    [Fact]
    public async Task A_living_tenant_is_found_by_everything_it_has()
    {
        await using var world = await World.CreateAsync();
        var place = await FullTenantAsync(world);

        var inventory = await TakeAsync(world, place);

        Assert.Equal(
            ["database", "bucket", "backup", "secret"],
            inventory.Items.Where(i => i.State == InventoryItem.Present).Select(i => i.Kind));
        Assert.False(inventory.IsClean);
    }

    [Fact]
    public async Task After_every_undo_nothing_is_left()
    {
        await using var world = await World.CreateAsync();
        var place = await FullTenantAsync(world);

        await world.RunAsync<DeleteAllBackups>(place);
        await world.RunAsync<DeleteBucket>(place);
        await world.RunAsync<DropDatabase>(place);
        await world.RunAsync<ForgetCredentials>(place);

        var inventory = await TakeAsync(world, place);
        Assert.All(inventory.Items, i => Assert.Equal(InventoryItem.Absent, i.State));
        Assert.Equal(
            ["database", "database", "database", "database", "role", "dns-record", "certificate", "route", "bucket", "backup", "secret"],
            inventory.Items.Select(i => i.Kind));
        Assert.True(inventory.IsClean);
    }

    [Fact]
    public async Task Backups_that_are_to_be_kept_do_not_count_as_left_over()
    {
        await using var world = await World.CreateAsync();
        var place = await FullTenantAsync(world);

        var inventory = await TakeAsync(world, place, keepBackups: true);

        Assert.Equal((InventoryItem.Kept, "2 objects, kept as ordered"), StateOf(inventory, "backup"));
    }

    [Fact]
    public async Task A_half_made_clone_is_left_over()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database \"bibind-new-{place.TenantId}-{place.Code}\"");

        var inventory = await TakeAsync(world, place);

        Assert.Contains(inventory.Items, i => i.Name == $"bibind-new-{place.TenantId}-{place.Code}" && i.State == InventoryItem.Present);
    }

    [Theory]
    [InlineData("restore")]
    [InlineData("former")]
    public async Task What_a_restore_left_is_left_over(string what)
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database \"bibind-{what}-{place.TenantId}-{place.Code}\"");

        var inventory = await TakeAsync(world, place);

        Assert.Contains(inventory.Items, i => i.Name == $"bibind-{what}-{place.TenantId}-{place.Code}" && i.State == InventoryItem.Present);
    }

    [Fact]
    public async Task What_only_bears_the_name_is_absent_and_said_so()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database {place.Database}");
        await world.ExecuteAsync($"create role {place.Database}");

        var inventory = await TakeAsync(world, place);

        Assert.Equal((InventoryItem.Absent, "something of that name is there, but it is not this tenant's"), StateOf(inventory, "database"));
        Assert.Equal((InventoryItem.Absent, "something of that name is there, but it is not this tenant's"), StateOf(inventory, "role"));
    }

    [Fact]
    public async Task A_server_that_cannot_be_asked_makes_its_items_unknown_and_no_other()
    {
        await using var world = await World.CreateAsync();
        world.Server.Connection = world.Server.Connection with { DatabasePort = FreePorts.Next() };

        var inventory = await TakeAsync(world, World.NewPlace());

        var (state, detail) = StateOf(inventory, "database");
        Assert.Equal(InventoryItem.Unknown, state);
        Assert.Contains("connection refused", detail, StringComparison.Ordinal);
        Assert.Equal((InventoryItem.Absent, null), StateOf(inventory, "bucket"));
        Assert.False(inventory.IsClean);
    }

    private static async Task<TenantDescriptor> FullTenantAsync(World world)
    {
        var place = await world.CloneAsync();
        await world.RunAsync<CreateBucket>(place);
        await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "first"));
        return place;
    }

    private static Task<Contracts.Inventory> TakeAsync(World world, TenantDescriptor place, bool keepBackups = false) =>
        world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, keepBackups));

    private static (string State, string? Detail) StateOf(Contracts.Inventory inventory, string kind)
    {
        var item = inventory.Items.First(i => i.Kind == kind);
        return (item.State, item.Detail);
    }
}
