using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Jobs;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Activities.Templates;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Activities.Tests.Templates;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database;

/// <summary>A DROP that was interrupted leaves a database that PostgreSQL only lets be dropped.</summary>
public sealed class InvalidDatabaseTests
{
    private const int MostRounds = 40;

    [Theory]
    [InlineData("{0}")]
    [InlineData("bibind-new-{1}-{0}")]
    [InlineData("bibind-restore-{1}-{0}")]
    [InlineData("bibind-former-{1}-{0}")]
    public async Task An_invalid_database_of_a_tenant_is_dropped(string name)
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        name = string.Format(System.Globalization.CultureInfo.InvariantCulture, name, place.Code, place.TenantId);
        if (name != place.Database)
        {
            await MakeAsync(world, name);
        }

        await BreakAsync(world, name);
        var inventory = await world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false));
        await world.RunAsync<DropDatabase>(place);

        Assert.Contains(inventory.Items, i => i.Name == name && i.State == InventoryItem.Present && i.Detail!.Contains("invalid", StringComparison.Ordinal));
        Assert.False(await world.DatabaseExistsAsync(name));
        Assert.False(await world.DatabaseExistsAsync(place.Database));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_invalid_clone_is_made_anew(bool isPublished)
    {
        await using var world = await World.CreateAsync();
        var place = isPublished ? await world.CloneAsync() : World.NewPlace();
        var name = isPublished ? place.Database : $"bibind-new-{place.TenantId}-{place.Code}";
        if (!isPublished)
        {
            await MakeAsync(world, name);
        }

        await BreakAsync(world, name);
        await world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place);

        Assert.Equal("admin", await world.AskAsync<string>("select login from res_users where id = 2", place.Database));
        Assert.False(await world.DatabaseExistsAsync($"bibind-new-{place.TenantId}-{place.Code}"));
    }

    [Fact]
    public async Task An_invalid_template_is_not_cloned()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var template = $"broken_{place.Code}";
        await MakeAsync(world, template);
        await BreakAsync(world, template);

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place with { TemplateDatabase = template }));

        Assert.Contains("is invalid, for a DROP of it was interrupted", refused.Message, StringComparison.Ordinal);
        await world.ExecuteAsync($"drop database {template}");
    }

    [Fact]
    public async Task An_invalid_template_is_made_anew()
    {
        await using var world = await TemplateWorld.CreateAsync();
        var order = TemplateWorld.NewOrder();
        await world.RunAsync<CreateTemplateDatabase>(order);
        await BreakAsync(world, order.Database);

        await world.RunAsync<CreateTemplateDatabase>(order);

        Assert.Equal(-1, await world.AskAsync<int>($"select datconnlimit from pg_database where datname = '{order.Database}'"));
    }

    [Theory]
    [InlineData("restore")]
    [InlineData("former")]
    public async Task An_invalid_leftover_is_in_no_restores_way(string what)
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        var name = $"bibind-{what}-{place.TenantId}-{place.Code}";
        await MakeAsync(world, name);
        await BreakAsync(world, name);

        await RestoreSteps.RestoreAsync(world, place, backup, replace: true);

        Assert.Empty(await RestoreSteps.ScratchesAsync(world, place));
    }

    [Fact]
    public async Task An_invalid_database_is_replaced_by_a_restore()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        await BreakAsync(world, place.Database);

        await RestoreSteps.RestoreAsync(world, place, backup, replace: true);

        Assert.Equal("admin", await world.AskAsync<string>("select login from res_users where id = 2", place.Database));
    }

    [Fact]
    public async Task An_invalid_trial_is_tried_again()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        var name = ScratchDatabase.NameForTrial(backup);
        await MakeAsync(world, name);
        await BreakAsync(world, name);

        await RestoreSteps.VerifyAsync(world, place, backup);

        Assert.Empty(await RestoreSteps.TrialsAsync(world, backup));
    }

    [Fact]
    public async Task A_refused_restore_settles_beside_an_invalid_leftover()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await RestoreSteps.BackedUpAsync(world);
        var name = $"bibind-restore-{place.TenantId}-{place.Code}";
        await MakeAsync(world, name);
        await BreakAsync(world, name);

        var settled = await world.RunAsync<SettleRestore, RestoreRequest, RestoreSettled>(new RestoreRequest(place, backup, Replace: true));

        Assert.False(settled.Replaced);
        Assert.Empty(await RestoreSteps.ScratchesAsync(world, place));
    }

    [Fact]
    public async Task A_drop_that_is_cancelled_again_and_again_ends()
    {
        await using var world = await World.CreateAsync();
        var wasInvalid = false;
        for (var round = 0; round < MostRounds && !wasInvalid; round++)
        {
            var place = await world.CloneAsync();
            var drop = world.RunAsync<DropDatabase>(place);
            while (!drop.IsCompleted && !wasInvalid)
            {
                await world.ExecuteAsync(
                    $"select pg_cancel_backend(pid) from pg_stat_activity where query like 'drop database%\"{place.Database}\"%' and state = 'active'");
                wasInvalid = await world.AskAsync<bool>($"select exists (select from pg_database where datname = '{place.Database}' and datconnlimit = -2)");
            }

            await Record.ExceptionAsync(() => drop);
            await world.RunAsync<DropDatabase>(place);
            Assert.False(await world.DatabaseExistsAsync(place.Database));
        }
    }

    private static async Task MakeAsync(World world, string name)
    {
        await using var maker = await world.OpenAsync("postgres", world.Server.Connection.DatabaseUser);
        await using var create = new NpgsqlCommand($"create database \"{name}\"", maker);
        await create.ExecuteNonQueryAsync();
    }

    // What PostgreSQL does itself before it deletes the first file. It refuses to drop a template, so none is left that is one.
    private static Task BreakAsync(World world, string name) =>
        world.ExecuteAsync($"update pg_database set datconnlimit = -2, datistemplate = false where datname = '{name}'");
}
