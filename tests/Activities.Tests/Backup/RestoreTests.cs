using Bibind.Activities.Application;
using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;

namespace Bibind.Activities.Tests.Backup;

public sealed class RestoreTests
{
    private const string Bucket = "bibind-backups";
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_backup_comes_back_as_a_new_tenants_database_held_back_until_it_is_handed_over()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        var newcomer = World.NewPlace();

        var restored = await RestoreAsync(world, newcomer, backup);

        Assert.Equal(newcomer.Database, restored.Database);
        Assert.Equal(await FingerprintAsync(world, place.Database), await FingerprintAsync(world, newcomer.Database));
        Assert.Equal("bibind t t", await StateAsync(world, newcomer.Database));
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
    public async Task A_tenants_database_is_not_replaced_unless_that_was_ordered()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        await world.ExecuteAsync("update res_company set name = 'precious'", place.Database);

        await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(world, place, backup));

        Assert.Equal("precious", await world.AskAsync<string>("select name from res_company limit 1", place.Database));
    }

    [Fact]
    public async Task A_database_of_somebody_else_is_never_replaced()
    {
        await using var world = await World.CreateAsync();
        var (_, backup) = await BackedUpAsync(world);
        var newcomer = World.NewPlace();
        await world.ExecuteAsync($"create database {newcomer.Database}");

        await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(world, newcomer, backup, replace: true));

        Assert.True(await world.DatabaseExistsAsync(newcomer.Database));
    }

    public static TheoryData<string> Damages => ["truncated", "changed", "other key", "no key", "exchanged", "manifest", "no manifest", "no dump", "newer format"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_backup_that_is_not_what_was_stored_is_refused_before_anything_is_changed(string damage)
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        await DamageAsync(world, place, damage);
        await world.ExecuteAsync("update res_company set name = 'as it was'", place.Database);
        var before = await world.AskAsync<string>("select string_agg(oid || datname, ',' order by oid) from pg_database where datname like '%' || 'acme' || '%'");

        await Assert.ThrowsAsync<BackupDamagedException>(() => RestoreAsync(world, place, backup, replace: true));

        Assert.Equal("as it was", await world.AskAsync<string>("select name from res_company limit 1", place.Database));
        Assert.Empty(await ScratchesAsync(world, place));
        Assert.NotNull(before);
    }

    [Fact]
    public async Task A_backup_that_does_not_exist_is_said_so()
    {
        await using var world = await World.CreateAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(world, World.NewPlace(), new BackupRef(1, "none")));

        Assert.Equal("There is no backup 'none' of this tenant.", refused.Message);
    }

    [Fact]
    public async Task A_dump_of_a_newer_PostgreSQL_is_refused_with_both_versions()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);
        await ChangeManifestAsync(world, place, m => m with { PostgresVersion = "99.1" });

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(world, place, backup, replace: true));

        Assert.Contains("PostgreSQL 99.1", refused.Message, StringComparison.Ordinal);
        Assert.Contains("a newer dump cannot be restored on an older server", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_restore_that_fails_halfway_leaves_the_tenants_database_and_nothing_else()
    {
        var (world, place, backup) = await WithPgRestoreAsync("""head -c 100000 >/dev/null; echo "out of luck, password $PGPASSWORD" >&2; exit 1""");
        await using var end = world;
        var before = await FingerprintAsync(world, place.Database);

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => RestoreAsync(world, place, backup, replace: true));

        Assert.EndsWith("failed with exit code 1: out of luck, password ***", failed.Message, StringComparison.Ordinal);
        Assert.Equal(before, await FingerprintAsync(world, place.Database));
        Assert.Empty(await ScratchesAsync(world, place));
    }

    [Fact]
    public async Task A_pg_restore_that_is_too_old_names_the_setting()
    {
        var (world, place, backup) = await WithPgRestoreAsync("""echo "pg_restore: error: unsupported version (1.99) in file header" >&2; exit 1""");
        await using var end = world;

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(world, place, backup, replace: true));

        Assert.Contains("Backups__PgRestore", refused.Message, StringComparison.Ordinal);
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

        await world.RunAsync<Activities.Database.DropDatabase>(place);

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
    public async Task A_trial_of_a_backup_without_its_core_tables_fails_and_leaves_nothing()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await world.ExecuteAsync("drop table ir_attachment cascade", place.Database);
        var backup = await TakeAsync(world, place);

        var failed = await Assert.ThrowsAsync<PermanentFailureException>(() => VerifyAsync(world, place, backup));

        Assert.Contains("ir_attachment", failed.Message, StringComparison.Ordinal);
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

    private static async Task<(TenantPlace Place, BackupRef Backup)> BackedUpAsync(World world)
    {
        var place = await world.CloneAsync();
        return (place, await TakeAsync(world, place));
    }

    private static async Task<BackupRef> TakeAsync(World world, TenantPlace place)
    {
        await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"));
        return new BackupRef(place.TenantId, $"{place.JobId}-manual");
    }

    private static Task<RestoredDatabase> RestoreAsync(World world, TenantPlace place, BackupRef backup, bool replace = false) =>
        world.RunAsync<RestoreDatabase, RestoreRequest, RestoredDatabase>(new RestoreRequest(place, backup, replace));

    private static Task<BackupReceipt> VerifyAsync(World world, TenantPlace place, BackupRef backup) =>
        world.RunAsync<VerifyBackup, VerifyRequest, BackupReceipt>(new VerifyRequest(place, backup));

    private static async Task<(World World, TenantPlace Place, BackupRef Backup)> WithPgRestoreAsync(string body)
    {
        var folder = Testing.PostgresFixture.NewFolder();
        var world = await World.CreateAsync(("Backups:PgRestore", Script.Write(folder, "pg_restore", body)));
        world.DeleteAtEnd(folder);
        var (place, backup) = await BackedUpAsync(world);
        return (world, place, backup);
    }

    private static async Task DamageAsync(World world, TenantPlace place, string damage)
    {
        var row = world.Backups.Rows.Values.Single(r => r.TenantId == place.TenantId);
        var dump = Path.Combine(world.Folder, "objects", Bucket, row.Key);
        switch (damage)
        {
            case "truncated":
                var bytes = await File.ReadAllBytesAsync(dump);
                await File.WriteAllBytesAsync(dump, bytes[..^1000]);
                break;
            case "changed":
                bytes = await File.ReadAllBytesAsync(dump);
                bytes[bytes.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(dump, bytes);
                break;
            case "other key":
                world.Secrets.Values[BackupDataKeys.Prefix(place.TenantId) + "key"] = Convert.ToBase64String(new byte[32]);
                break;
            case "no key":
                world.Secrets.Values.TryRemove(BackupDataKeys.Prefix(place.TenantId) + "key", out _);
                break;
            case "exchanged":
                // Another backup of the same tenant in its place, the list and the manifest changed to fit it.
                var other = await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "scheduled"));
                File.Copy(Path.Combine(world.Folder, "objects", Bucket, other.Key), dump, overwrite: true);
                world.Backups.Rows.TryRemove($"{place.JobId}-scheduled", out _);
                await ChangeManifestAsync(world, place, m => m with { Bytes = other.Bytes, Sha256 = other.Sha256 });
                break;
            case "manifest":
                await File.WriteAllTextAsync(Path.Combine(world.Folder, "objects", Bucket, row.ManifestKey), "{}");
                break;
            case "no manifest":
                File.Delete(Path.Combine(world.Folder, "objects", Bucket, row.ManifestKey));
                break;
            case "no dump":
                File.Delete(dump);
                break;
            default:
                await ChangeManifestAsync(world, place, m => m with { FormatVersion = 99 });
                break;
        }
    }

    private static async Task ChangeManifestAsync(World world, TenantPlace place, Func<BackupManifest, BackupManifest> change)
    {
        var row = world.Backups.Rows.Values.Single(r => r.TenantId == place.TenantId);
        await using var stored = (await world.Store.OpenReadAsync(Bucket, row.ManifestKey, None))!;
        var changed = change(await BackupManifest.ReadAsync(stored, None));
        await world.Store.PutAsync(Bucket, row.ManifestKey, new MemoryStream(changed.ToJson()), None);
        world.Backups.Rows[row.Id] = row with { Bytes = changed.Bytes, Sha256 = changed.Sha256 };
    }

    /// <summary>Tables, columns, indexes, constraints, sequences' values and rows.</summary>
    private static async Task<string?> FingerprintAsync(World world, string database)
    {
        var shape = await world.AskAsync<string>(
            """
            select md5(string_agg(line, E'\n' order by line)) from (
              select format('%s.%s %s %s', table_name, column_name, data_type, column_default) from information_schema.columns where table_schema = 'public'
              union all select indexdef from pg_indexes where schemaname = 'public'
              union all select format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) from pg_constraint where connamespace = 'public'::regnamespace
              union all select format('%s %s', sequencename, last_value) from pg_sequences
              union all select format('%s', extname) from pg_extension
              union all select format('%s %s', pg_encoding_to_char(encoding), datcollate) from pg_database where datname = current_database()) as shape(line)
            """,
            database);
        var rows = await world.AskAsync<string>(
            """
            select md5(string_agg(format('%s %s', table_name, md5(query_to_xml(format('select * from %I order by 1::text', table_name), true, false, '')::text)), ',' order by table_name))
            from information_schema.tables where table_schema = 'public' and table_type = 'BASE TABLE'
            """,
            database);
        return shape + rows;
    }

    private static Task<string?> StateAsync(World world, string database) => world.AskAsync<string>(
        $"select format('%s %s %s', datdba::regrole, datistemplate, datallowconn) from pg_database where datname = '{database}'");

    private static async Task<string> ScratchesAsync(World world, TenantPlace place) => await world.AskAsync<string>(
        $"select string_agg(datname, ',') from pg_database where datname like 'bibind-%-{place.TenantId}-{place.Code}'") ?? string.Empty;

    private static async Task<string> TrialsAsync(World world, BackupRef backup) => await world.AskAsync<string>(
        $"select string_agg(datname, ',') from pg_database where datname like 'bibind-verify-{backup.TenantId}-%'") ?? string.Empty;
}
