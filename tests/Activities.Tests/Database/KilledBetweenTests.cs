using Bibind.Activities.Application;
using Bibind.Activities.Backup.Jobs;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Tests.Templates;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Xunit;

namespace Bibind.Activities.Tests.Database;

/// <summary>A database and its row are two writes: what is left between them is found by the inventory, the undo and the retry.</summary>
public sealed class KilledBetweenTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_clone_killed_before_it_was_recorded_is_finished_or_removed(bool retried)
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        world.Databases.KilledBeforeRecording = DatabasePurposes.Current;
        await Assert.ThrowsAsync<TransientFailureException>(() => CloneAsync(world, place));

        Assert.Equal([$"bibind-new-{place.TenantId}-{place.Code}"], await PresentAsync(world, place));
        await EndAsync(world, place, retried);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_clone_killed_between_record_and_name_is_finished_or_removed(bool retried)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        var staging = $"bibind-new-{place.TenantId}-{place.Code}";
        await world.ExecuteAsync($"alter database {place.Database} rename to \"{staging}\"");

        Assert.Equal([staging], await PresentAsync(world, place));
        await EndAsync(world, place, retried);
    }

    [Fact]
    public async Task A_drop_killed_before_it_was_forgotten_leaves_nothing_at_the_retry()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        world.Databases.KilledBeforeForgetting = DatabasePurposes.Current;
        await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<DropDatabase>(place));

        Assert.Empty(await PresentAsync(world, place));
        await world.RunAsync<DropDatabase>(place);
        Assert.Empty(RowsOf(world, place));
    }

    [Theory]
    [InlineData(DatabasePurposes.Restore)]
    [InlineData(DatabasePurposes.Current)]
    [InlineData(DatabasePurposes.Former)]
    public async Task A_restore_killed_between_name_and_record_is_settled_and_finished(string killedBefore)
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        await world.RunAsync<HandOverApplication>(place);
        await world.ExecuteAsync("update res_company set name = 'since'", place.Database);
        world.Databases.KilledBeforeRecording = killedBefore;
        await Assert.ThrowsAsync<TransientFailureException>(() => RestoreSteps.RestoreAsync(world, place, backup, replace: true));

        Assert.Contains(place.Database, await PresentAsync(world, place));
        await RestoreSteps.RestoreAsync(world, place, backup, replace: true);
        var settled = await world.RunAsync<SettleRestore, RestoreRequest, RestoreSettled>(new RestoreRequest(place, backup, Replace: true));

        Assert.True(settled.Replaced);
        Assert.NotEqual("since", await world.AskAsync<string>("select name from res_company limit 1", place.Database));
        Assert.Equal([place.Database], await PresentAsync(world, place));
        var row = Assert.Single(RowsOf(world, place));
        Assert.Equal((place.Database, DatabasePurposes.Current), (row.Name, row.Purpose));
    }

    [Fact]
    public async Task A_restore_killed_after_its_scratch_was_made_is_removed_with_the_tenant()
    {
        await using var world = await World.CreateAsync();
        var (place, _) = await RestoreSteps.BackedUpAsync(world);
        var scratch = $"bibind-restore-{place.TenantId}-{place.Code}";
        await world.ExecuteAsync($"create database \"{scratch}\" owner {world.Server.Connection.DatabaseUser}");

        Assert.Equal([place.Database, scratch], await PresentAsync(world, place));
        await world.RunAsync<DropDatabase>(place);
        Assert.Empty(await PresentAsync(world, place));
    }

    [Fact]
    public async Task A_trial_killed_before_it_was_recorded_is_tried_again()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        world.Databases.KilledBeforeRecording = DatabasePurposes.Trial;
        await Assert.ThrowsAsync<TransientFailureException>(() => RestoreSteps.VerifyAsync(world, place, backup));

        await RestoreSteps.VerifyAsync(world, place, backup);

        Assert.Empty(await RestoreSteps.TrialsAsync(world, backup));
        Assert.Single(RowsOf(world, place));
    }

    [Fact]
    public async Task A_template_killed_before_it_was_recorded_is_made_or_removed()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var (made, removed) = (TemplateWorld.NewOrder(), TemplateWorld.NewOrder());
        foreach (var order in new[] { made, removed })
        {
            world.Databases.KilledBeforeRecording = DatabasePurposes.Current;
            await Assert.ThrowsAsync<TransientFailureException>(() => world.RunAsync<CreateTemplateDatabase>(order));
            Assert.True(await world.DatabaseExistsAsync($"bibind-new-template-{order.TemplateId}"));
        }

        await world.RunAsync<CreateTemplateDatabase>(made);
        await world.RunAsync<DropTemplateDatabase>(removed);

        Assert.True(await world.DatabaseExistsAsync(made.Database));
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-template-{removed.TemplateId}"));
    }

    private static async Task EndAsync(World world, TenantDescriptor place, bool retried)
    {
        if (retried)
        {
            await CloneAsync(world, place);
            Assert.Equal([place.Database], await PresentAsync(world, place));
            Assert.Single(RowsOf(world, place));
        }
        else
        {
            await world.RunAsync<DropDatabase>(place);
            Assert.Empty(await PresentAsync(world, place));
            Assert.Empty(RowsOf(world, place));
        }
    }

    private static IEnumerable<KnownDatabase> RowsOf(World world, TenantDescriptor place) =>
        world.Databases.Known.Values.Where(d => d.Holder.TenantId == place.TenantId);

    private static Task<CloneResult> CloneAsync(World world, TenantDescriptor place) => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place);

    private static async Task<IEnumerable<string>> PresentAsync(World world, TenantDescriptor place) =>
        (await world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false)))
            .Items.Where(i => i is { Kind: "database", State: InventoryItem.Present }).Select(i => i.Name);
}
