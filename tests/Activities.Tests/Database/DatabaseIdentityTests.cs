using Bibind.Activities.Application;
using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Jobs;
using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Inventory;
using Bibind.Activities.Tests.Backup;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.Durable;
using Bibind.Local;
using Npgsql;
using Xunit;

namespace Bibind.Activities.Tests.Database;

/// <summary>A database is known by its server and its number, whatever a tenant writes about it.</summary>
public sealed class DatabaseIdentityTests
{
    [Theory]
    [InlineData("null")]
    [InlineData("'bibind tenant=1 code=other'")]
    [InlineData("'my own notes'")]
    public async Task What_the_tenant_writes_about_his_database_changes_nothing(string comment)
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        await CommentAsync(world, place.Database, comment);

        Assert.True((await world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place)).AlreadyThere);
        var backup = await RestoreSteps.TakeAsync(world, place);
        await RestoreSteps.RestoreAsync(world, place, backup, replace: true);
        await CommentAsync(world, place.Database, "null", role: null);
        await RestoreSteps.RestoreAsync(world, place, backup, replace: true);
        await world.RunAsync<DropDatabase>(place);

        Assert.False(await world.DatabaseExistsAsync(place.Database));
        Assert.DoesNotContain(world.Databases.Known.Values, d => d.Holder.TenantId == place.TenantId);
    }

    [Fact]
    public async Task A_copied_mark_makes_no_database_ours()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database {place.Database} owner odoo");
        await CommentAsync(world, place.Database, $"'bibind tenant={place.TenantId} code={place.Code}'");

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place));
        await world.RunAsync<DropDatabase>(place);

        Assert.True(await world.DatabaseExistsAsync(place.Database));
    }

    [Fact]
    public async Task A_database_made_anew_by_hand_fails_the_drop_and_is_named()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        await world.ExecuteAsync($"drop database {place.Database} with (force)");
        await world.ExecuteAsync($"create database {place.Database} owner odoo");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<DropDatabase>(place));

        Assert.Contains($"'{place.Database}' is there on server 'srv-1' and is not ours: it was made anew by somebody", refused.Message, StringComparison.Ordinal);
        Assert.True(await world.DatabaseExistsAsync(place.Database));
        var item = (await InventoryAsync(world, place)).Items[0];
        Assert.Equal((place.Database, InventoryItem.Present), (item.Name, item.State));
        Assert.StartsWith("foreign: it was made anew by somebody", item.Detail, StringComparison.Ordinal);

        await world.ExecuteAsync($"drop database {place.Database}");
        await world.RunAsync<DropDatabase>(place);
        Assert.Equal(InventoryItem.Absent, (await InventoryAsync(world, place)).Items[0].State);
        Assert.DoesNotContain(world.Databases.Known.Values, d => d.Holder.TenantId == place.TenantId);
    }

    [Fact]
    public async Task A_foreign_database_is_neither_backed_up_nor_restored_over()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var backup = await RestoreSteps.TakeAsync(world, place);
        await world.ExecuteAsync($"drop database {place.Database} with (force)");
        await world.ExecuteAsync($"create database {place.Database} owner odoo");
        await world.ExecuteAsync("create table kept (id int)", place.Database);

        var dump = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "final")));
        var restore = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreSteps.RestoreAsync(world, place, backup, replace: true));
        var settled = await SettleAsync(world, place, backup);

        Assert.All([dump, restore], r => Assert.Contains("made anew by somebody", r.Message, StringComparison.Ordinal));
        Assert.False(settled.Replaced);
        Assert.True(await world.AskAsync<bool>("select to_regclass('kept') is not null", place.Database));
    }

    [Fact]
    public async Task A_renamed_database_is_named_and_dropped_by_its_number()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var elsewhere = $"kept_{place.Code}";
        await world.ExecuteAsync($"alter database {place.Database} rename to {elsewhere}");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreSteps.TakeAsync(world, place));
        var before = await InventoryAsync(world, place);
        await world.RunAsync<DropDatabase>(place);

        Assert.Contains($"has been renamed '{elsewhere}'", refused.Message, StringComparison.Ordinal);
        Assert.Contains(before.Items, i => i.Name == elsewhere && i.State == InventoryItem.Present);
        Assert.False(await world.DatabaseExistsAsync(elsewhere));
    }

    [Fact]
    public async Task Two_databases_for_one_tenant_are_both_named()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        var elsewhere = $"first_{place.Code}";
        await world.ExecuteAsync($"alter database {place.Database} rename to {elsewhere}");
        await world.ExecuteAsync($"create database {place.Database} owner odoo");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<HandOverApplication>(place));

        Assert.Contains($"there are two, for the database of tenant {place.TenantId}", refused.Message, StringComparison.Ordinal);
        Assert.Contains($"renamed '{elsewhere}'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lost_database_is_said_to_be_lost_and_its_drop_succeeds()
    {
        await using var world = await World.CreateAsync();
        var place = await HandedOverAsync(world);
        await world.ExecuteAsync($"drop database {place.Database} with (force)");

        var lost = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreSteps.TakeAsync(world, place));
        await world.RunAsync<DropDatabase>(place);

        Assert.Contains("is not there on server 'srv-1', so it cannot be backed up: somebody removed it", lost.Message, StringComparison.Ordinal);
        Assert.DoesNotContain(world.Databases.Known.Values, d => d.Holder.TenantId == place.TenantId);
    }

    [Fact]
    public async Task A_planted_staging_database_is_never_published()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var staging = $"bibind-new-{place.TenantId}-{place.Code}";
        await world.ExecuteAsync($"create database \"{staging}\" owner odoo");
        await world.ExecuteAsync("create table planted (id int)", staging);

        await world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place);

        Assert.False(await world.AskAsync<bool>("select to_regclass('planted') is not null", place.Database));
        Assert.False(await world.DatabaseExistsAsync(staging));
    }

    [Fact]
    public async Task A_staging_database_of_an_unknown_role_is_refused_and_named()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var staging = $"bibind-new-{place.TenantId}-{place.Code}";
        await world.ExecuteAsync($"create database \"{staging}\"");

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place));

        Assert.Contains($"A database named '{staging}' on server 'srv-1' is not ours", refused.Message, StringComparison.Ordinal);
        Assert.True(await world.DatabaseExistsAsync(staging));
        await world.ExecuteAsync($"drop database \"{staging}\"");
    }

    [Fact]
    public async Task A_template_that_somebody_exchanged_is_not_cloned()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var template = $"exchanged_{place.Code}";
        await world.ExecuteAsync($"create database {template} owner odoo");
        world.Databases.Known[1] = Known(template, 1) with { Holder = DatabaseHolder.Template(place.TenantId) };

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(
            () => world.RunAsync<CloneDatabase, TenantDescriptor, CloneResult>(place with { TemplateDatabase = template }));

        Assert.Contains("is not the template that was made there", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("odoo", true)]
    [InlineData("postgres", false)]
    public async Task An_older_installations_database_is_taken_over_once_by_mark_and_owner(string owner, bool isTaken)
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        var mark = $"bibind tenant={place.TenantId} code={place.Code}";
        await world.ExecuteAsync($"create database {place.Database} template {place.TemplateDatabase} owner {owner}");
        await CommentAsync(world, place.Database, $"'{mark} restored=job-1/backup-1'", role: null);
        world.Databases.AddUnseen(place.Database, mark, LocalServer.ControlRole, DatabaseHolder.Tenant(place.TenantId));

        var present = (await InventoryAsync(world, place)).Items[0];
        await CommentAsync(world, place.Database, "null", role: null);

        Assert.Equal(InventoryItem.Present, present.State);
        Assert.Empty(world.Databases.Unseen);
        if (isTaken)
        {
            Assert.Equal("job-1/backup-1", world.Databases.Known.Values.Single(d => d.Name == place.Database).Restored);
            await world.RunAsync<DropDatabase>(place);
            Assert.False(await world.DatabaseExistsAsync(place.Database));
        }
        else
        {
            var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<DropDatabase>(place));
            Assert.Contains("did not carry the mark", refused.Message, StringComparison.Ordinal);
            await CommentAsync(world, place.Database, $"'{mark}'", role: null);
            await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<DropDatabase>(place));
        }
    }

    private static KnownDatabase Known(string name, uint oid) => new()
    {
        ServerId = 1,
        Oid = oid,
        Name = name,
        Holder = DatabaseHolder.Template(1),
        Purpose = DatabasePurposes.Current,
    };

    private static async Task<TenantDescriptor> HandedOverAsync(World world)
    {
        var place = await world.CloneAsync();
        await world.RunAsync<HandOverApplication>(place);
        return place;
    }

    private static async Task CommentAsync(World world, string database, string comment, string? role = LocalServer.ApplicationRole)
    {
        await using var tenant = await world.OpenAsync("postgres", role);
        await using var write = new NpgsqlCommand($"comment on database {database} is {comment}", tenant);
        await write.ExecuteNonQueryAsync();
    }

    private static Task<RestoreSettled> SettleAsync(World world, TenantDescriptor place, BackupRef backup) =>
        world.RunAsync<SettleRestore, RestoreRequest, RestoreSettled>(new RestoreRequest(place, backup, Replace: true));

    private static Task<Contracts.Inventory> InventoryAsync(World world, TenantDescriptor place) =>
        world.RunAsync<TakeInventory, InventoryRequest, Contracts.Inventory>(new InventoryRequest(place, KeepBackups: false));
}
