using Bibind.Activities.Application;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Tests.Fixtures;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>What comes back, and where it is kept until it is whole.</summary>
public sealed class RestoreTests
{
    [Fact]
    public async Task A_backup_comes_back_as_a_new_tenants_database_held_back_until_it_is_handed_over()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        var newcomer = World.NewPlace();

        var restored = await RestoreAsync(world, newcomer, backup);

        Assert.Equal(newcomer.Database, restored.Database);
        Assert.Equal(await FingerprintAsync(world, place.Database), await FingerprintAsync(world, newcomer.Database));
        Assert.Equal("bibind_maintenance t t", await StateAsync(world, newcomer.Database));
        Assert.Equal(0, await world.AskAsync<long>(
            "select count(*) from pg_class c join pg_namespace n on n.oid = relnamespace where n.nspname = 'public' and relowner <> 'odoo'::regrole",
            newcomer.Database));
        await world.RunAsync<HandOverApplication>(newcomer);
        Assert.Equal("odoo f t", await StateAsync(world, newcomer.Database));
        Assert.Empty(await ScratchesAsync(world, newcomer));
    }

    [Fact]
    public async Task A_backup_takes_the_place_of_the_tenants_database_though_people_are_connected()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        var before = await FingerprintAsync(world, place.Database);
        await world.RunAsync<HandOverApplication>(place);
        await world.ExecuteAsync("update res_company set name = 'spoilt'; drop table res_users cascade", place.Database);
        await using var somebody = await world.OpenAsync(place.Database, "odoo");

        await RestoreAsync(world, place, backup, replace: true);

        Assert.Equal(before, await FingerprintAsync(world, place.Database));
        Assert.Empty(await ScratchesAsync(world, place));
    }

    [Fact]
    public async Task Restoring_again_in_the_same_job_finds_what_is_there()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        await RestoreAsync(world, place, backup, replace: true);
        await world.ExecuteAsync("update res_company set name = 'worked on since'", place.Database);

        await RestoreAsync(world, place, backup, replace: true);

        Assert.Equal("worked on since", await world.AskAsync<string>("select name from res_company limit 1", place.Database));
    }

    [Fact]
    public async Task A_scratch_database_that_a_crash_left_is_in_nobodys_way()
    {
        await using var world = await World.CreateAsync();
        var (_, backup) = await BackedUpAsync(world);
        var newcomer = World.NewPlace();
        await world.ExecuteAsync($"create database \"bibind-restore-{newcomer.TenantId}-{newcomer.Code}\" owner odoo is_template true");

        await RestoreAsync(world, newcomer, backup);

        Assert.True(await world.DatabaseExistsAsync(newcomer.Database));
        Assert.Empty(await ScratchesAsync(world, newcomer));
    }

    [Fact]
    public async Task What_a_restore_that_died_has_left_goes_with_the_tenants_database()
    {
        await using var world = await World.CreateAsync();
        var place = World.NewPlace();
        await world.ExecuteAsync($"create database \"bibind-restore-{place.TenantId}-{place.Code}\" owner odoo is_template true");
        await world.ExecuteAsync($"create database \"bibind-former-{place.TenantId}-{place.Code}\" owner odoo");

        await world.RunAsync<Activities.Database.Lifecycle.DropDatabase>(place);

        Assert.Empty(await ScratchesAsync(world, place));
    }

    [Fact]
    public async Task A_backup_that_is_tried_out_gets_a_receipt_and_leaves_nothing()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);

        var receipt = await VerifyAsync(world, place, backup);

        Assert.Equal(["ir_attachment", "ir_module_module", "res_company", "res_users"], receipt.Rows.Keys);
        Assert.Equal(await world.AskAsync<long>("select count(*) from res_users", place.Database), receipt.Rows["res_users"]);
        Assert.Equal(
            await world.AskAsync<long>("select count(*) from pg_tables where schemaname not like 'pg\\_%' and schemaname <> 'information_schema'", place.Database),
            receipt.Tables);
        Assert.Equal(world.Backups.Rows[backup.BackupId].Sha256, receipt.StoredSha256);
        Assert.Empty(await TrialsAsync(world, backup));
    }

    [Fact]
    public async Task A_backup_of_the_first_format_can_still_be_restored()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        var files = world.Get<BackupFiles>();
        var manifest = await files.ReadManifestAsync(backup, None);
        await using (var dump = await files.OpenDumpAsync(manifest, None))
        {
            await world.Store.PutAsync(Bucket, manifest.Key, dump, None);
        }

        await ChangeManifestAsync(world, place, m => m with
        {
            FormatVersion = 1,
            Bytes = m.DumpBytes!.Value,
            Sha256 = m.DumpSha256!,
            DumpBytes = null,
            DumpSha256 = null,
            Encoding = null,
        });
        var newcomer = World.NewPlace();

        await RestoreAsync(world, newcomer, backup);

        Assert.Equal(await FingerprintAsync(world, place.Database), await FingerprintAsync(world, newcomer.Database));
    }
}
