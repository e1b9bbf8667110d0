using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>Restores that are refused or fail: nothing of the tenant is changed, and nothing is left.</summary>
public sealed class RestoreRefusalTests
{
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

    private static async Task<(World World, TenantDescriptor Place, BackupRef Backup)> WithPgRestoreAsync(string body)
    {
        var folder = Testing.PostgresFixture.NewFolder();
        var world = await World.CreateAsync(("Backups:PgRestore", Script.Write(folder, "pg_restore", body)));
        world.DeleteAtEnd(folder);
        var (place, backup) = await BackedUpAsync(world);
        return (world, place, backup);
    }

    private static async Task DamageAsync(World world, TenantDescriptor place, string damage)
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
}
