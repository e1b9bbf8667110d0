using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.Json;
using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Storage;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Activities.Tests.Backup;

public sealed class TakeBackupTests
{
    private const string Bucket = "bibind-backups";
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);

    [Fact]
    public async Task A_backup_can_be_restored_and_has_the_checksum_it_says()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();

        var taken = await TakeAsync(world, place);

        Assert.Matches($"^backups/{place.Code}/{place.TenantId}/{place.JobId}-first/[0-9a-f]{{12}}/database\\.dump\\.br\\.aes$", taken.Key);
        var file = ObjectFile(world, taken.Key);
        Assert.Equal(taken.Bytes, new FileInfo(file).Length);
        Assert.Equal(taken.Sha256, Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(file))));
        Assert.Contains("TABLE DATA public res_users", await ListContentAsync(world, place), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_manifest_lies_beside_the_dump_and_the_catalogue_knows_it()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();

        var taken = await TakeAsync(world, place);

        var row = Assert.Single(world.Backups.Rows.Values);
        Assert.Equal((place.TenantId, "first", taken.Key, taken.Bytes, taken.Sha256), (row.TenantId, row.Kind, row.Key, row.Bytes, row.Sha256));
        using var manifest = JsonDocument.Parse(await File.ReadAllTextAsync(ObjectFile(world, row.ManifestKey)));
        var root = manifest.RootElement;
        Assert.Equal(taken.Sha256, root.GetProperty("sha256").GetString());
        Assert.Equal("v1", root.GetProperty("templateVersion").GetString());
        Assert.StartsWith("18.0", root.GetProperty("applicationVersion").GetString(), StringComparison.Ordinal);
        Assert.Matches(@"^\d+\.\d+", root.GetProperty("postgresVersion").GetString());
        Assert.Matches(@"^\d+\.\d+", root.GetProperty("pgDumpVersion").GetString());
    }

    [Fact]
    public async Task Taking_it_again_finds_the_first_one_even_if_the_catalogue_forgot_it()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        var first = await TakeAsync(world, place);
        await world.ExecuteAsync("update res_company set name = 'changed meanwhile'", place.Database);
        world.Backups.Rows.Clear();

        var again = await TakeAsync(world, place);

        Assert.Equal(first, again);
        Assert.Single(world.Backups.Rows);
    }

    [Fact]
    public async Task An_attempt_that_lost_its_lease_leaves_alone_what_the_next_one_stored()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        BackupTaken? second = null;
        // The dump is in the store when the first attempt is overtaken, and its end comes after the second's.
        var store = InterruptedStore.Of(world.Store, nameof(IObjectStore.PutAsync), call: 2, async () =>
        {
            second = await TakeAsync(world, place);
            throw new OperationCanceledException("The lease was lost.");
        });
        var first = ActivatorUtilities.CreateInstance<TakeBackup>(world.Services, store);

        await Assert.ThrowsAsync<OperationCanceledException>(
            () => first.RunAsync(new DurableActivityContext("test", "backup.take", 1, 1, CancellationToken.None), new BackupRequest(place, "first")));

        Assert.Equal(second!.Key, Assert.Single(world.Backups.Rows.Values).Key);
        Assert.Contains("TABLE DATA public res_users", await ListContentAsync(world, place), StringComparison.Ordinal);
        Assert.Equal(2, Files(world).Count);
    }

    [Fact]
    public async Task Of_two_attempts_that_end_well_one_counts_and_the_other_leaves_nothing()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        BackupTaken? second = null;
        var store = InterruptedStore.Of(world.Store, nameof(IObjectStore.PutAsync), call: 2, async () => second = await TakeAsync(world, place));
        var first = ActivatorUtilities.CreateInstance<TakeBackup>(world.Services, store);

        var taken = await first.RunAsync(new DurableActivityContext("test", "backup.take", 1, 1, CancellationToken.None), new BackupRequest(place, "first"));

        Assert.Equal(second, taken);
        Assert.Equal(taken.Key, Assert.Single(world.Backups.Rows.Values).Key);
        Assert.Equal(2, Files(world).Count);
        Assert.Contains("TABLE DATA public res_users", await ListContentAsync(world, place), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_recorded_backup_whose_objects_are_gone_is_taken_again()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        var lost = await TakeAsync(world, place);
        await world.Store.DeleteAsync("bibind-backups", lost.Key, CancellationToken.None);

        var again = await TakeAsync(world, place);

        Assert.NotEqual(lost.Key, again.Key);
        Assert.Equal(again.Key, Assert.Single(world.Backups.Rows.Values).Key);
        Assert.Equal(2, Files(world).Count);
    }

    [Fact]
    public async Task A_full_store_is_reported_and_keeps_nothing()
    {
        await using var world = await World.CreateAsync(("Storage:Local:CapacityBytes", "1000"));
        var place = await world.CloneAsync();

        var full = await Assert.ThrowsAsync<StorageFullException>(() => TakeAsync(world, place));

        Assert.StartsWith("The object store is full", full.Message, StringComparison.Ordinal);
        Assert.Empty(Files(world));
        Assert.Empty(world.Backups.Rows);
    }

    [Fact]
    public async Task A_dump_that_fails_halfway_leaves_nothing_and_says_why()
    {
        var (world, place) = await WithPgDumpAsync("""head -c 300000 /dev/zero; echo "connection lost, password $PGPASSWORD" >&2; exit 1""");
        await using var end = world;

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => TakeAsync(world, place));

        Assert.EndsWith("failed with exit code 1: connection lost, password ***", failed.Message, StringComparison.Ordinal);
        Assert.Empty(Files(world));
        Assert.Empty(world.Backups.Rows);
    }

    [Fact]
    public async Task A_pg_dump_that_is_too_old_names_the_setting()
    {
        var (world, place) = await WithPgDumpAsync("""echo "pg_dump: error: aborting because of server version mismatch" >&2; exit 1""");
        await using var end = world;

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => TakeAsync(world, place));

        Assert.Contains("Backups__PgDump", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_missing_pg_dump_names_the_setting()
    {
        await using var world = await World.CreateAsync(("Backups:PgDump", "/nowhere/pg_dump"));
        var place = await world.CloneAsync();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => TakeAsync(world, place));

        Assert.Equal("There is no pg_dump at '/nowhere/pg_dump', which Backups__PgDump names.", refused.Message);
    }

    [Fact]
    public async Task A_dump_that_is_cancelled_ends_its_program_and_leaves_nothing()
    {
        var pid = Path.Combine(Path.GetTempPath(), $"bibind-pid-{Guid.NewGuid():N}");
        var (world, place) = await WithPgDumpAsync($"""head -c 100000 /dev/zero; echo $$ > {pid}; exec sleep 600""");
        await using var end = world;
        using var cancel = new CancellationTokenSource();
        var running = TakeAsync(world, place, cancel.Token);
        await Eventually.UntilAsync(() => File.Exists(pid) && File.ReadAllText(pid).Length > 0, Limit, "the dump runs");

        await cancel.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
        Assert.False(Directory.Exists($"/proc/{File.ReadAllText(pid).Trim()}"));
        Assert.Empty(Files(world));
        File.Delete(pid);
    }

    [Fact]
    public async Task The_password_is_not_among_the_programs_arguments()
    {
        var (world, place) = await WithPgDumpAsync("""echo "arguments: $*"; echo "as $PGUSER on $PGDATABASE" """);
        await using var end = world;

        await TakeAsync(world, place);

        await using var dump = await DumpAsync(world, place);
        using var output = new StreamReader(dump);
        Assert.Equal(
            $"arguments: --format=custom --compress=0 --no-password --lock-wait-timeout=2min\nas odoo on {place.Database}\n", await output.ReadToEndAsync());
    }

    [Fact]
    public async Task Where_backups_are_off_none_is_taken_and_the_log_says_so()
    {
        await using var world = await World.CreateAsync(("Backups:Enabled", "false"));

        var taken = await TakeAsync(world, World.NewPlace());

        Assert.Equal(new BackupTaken(string.Empty, 0, string.Empty), taken);
        Assert.Contains(world.Logs.Lines, line => line.Contains("Backups__Enabled is false", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_is_stored_cannot_be_read_without_the_tenants_key()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();

        var taken = await TakeAsync(world, place);

        var stored = await File.ReadAllBytesAsync(ObjectFile(world, taken.Key));
        Assert.Equal("bibindbk"u8.ToArray(), stored[..8]);
        Assert.Equal(-1, stored.AsSpan().IndexOf("PGDMP"u8));
        Assert.Equal(-1, stored.AsSpan().IndexOf("res_users"u8));
        Assert.Equal(32, Convert.FromBase64String(world.Secrets.Values[BackupDataKeys.Prefix(place.TenantId) + "key"]).Length);
    }

    [Fact]
    public async Task Deleting_one_backup_leaves_the_others_and_succeeds_when_there_is_none()
    {
        await using var world = await World.CreateAsync();
        var place = await world.CloneAsync();
        await TakeAsync(world, place);
        var kept = await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"));
        var doomed = new BackupRef(place.TenantId, $"{place.JobId}-first");

        await world.RunAsync<DeleteOneBackup, BackupRef, Unit>(doomed);
        await world.RunAsync<DeleteOneBackup, BackupRef, Unit>(doomed);

        Assert.Equal("manual", Assert.Single(world.Backups.Rows.Values).Kind);
        Assert.Equal(2, Files(world).Count);
        Assert.NotNull(await world.Store.HeadAsync(Bucket, kept.Key, CancellationToken.None));
    }

    [Fact]
    public async Task Deleting_all_backups_leaves_those_of_others()
    {
        await using var world = await World.CreateAsync();
        var (mine, other) = (await world.CloneAsync(), await world.CloneAsync());
        await TakeAsync(world, mine);
        var kept = await TakeAsync(world, other);

        await world.RunAsync<DeleteAllBackups>(mine);
        await world.RunAsync<DeleteAllBackups>(mine);

        Assert.Equal([BackupDataKeys.Prefix(other.TenantId) + "key"], world.Secrets.Values.Keys.Where(k => k.StartsWith("backups/", StringComparison.Ordinal)));
        Assert.Equal(other.TenantId, Assert.Single(world.Backups.Rows.Values).TenantId);
        Assert.Equal(2, Files(world).Count);
        Assert.NotNull(await world.Store.HeadAsync(Bucket, kept.Key, CancellationToken.None));
    }

    private static Task<BackupTaken> TakeAsync(World world, TenantDescriptor place, CancellationToken cancellationToken = default) =>
        world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "first"), cancellationToken);

    private static async Task<(World World, TenantDescriptor Place)> WithPgDumpAsync(string body)
    {
        var folder = PostgresFixture.NewFolder();
        var script = Script.Write(folder, "pg_dump", $"if [ \"$1\" = --version ]; then echo 'pg_dump (PostgreSQL) 15.8'; exit; fi\n{body}");
        var world = await World.CreateAsync(("Backups:PgDump", script));
        world.DeleteAtEnd(folder);
        return (world, await world.CloneAsync());
    }

    private static string ObjectFile(World world, string key) => Path.Combine(world.Folder, "objects", Bucket, key);

    private static List<string> Files(World world)
    {
        var folder = Path.Combine(world.Folder, "objects");
        return Directory.Exists(folder) ? [.. Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories)] : [];
    }

    private static async Task<Stream> DumpAsync(World world, TenantDescriptor place)
    {
        var files = world.Get<BackupFiles>();
        var backup = new BackupRef(place.TenantId, world.Backups.Rows.Values.Single(r => r.TenantId == place.TenantId).Id);
        return await files.OpenDumpAsync(await files.ReadManifestAsync(backup, CancellationToken.None), CancellationToken.None);
    }

    private static async Task<string> ListContentAsync(World world, TenantDescriptor place)
    {
        var file = Path.Combine(world.Folder, "plain.dump");
        await using (var dump = await DumpAsync(world, place))
        await using (var plain = File.Create(file))
        {
            await dump.CopyToAsync(plain);
        }

        using var restore = Process.Start(new ProcessStartInfo(Path.Combine(world.Postgres.Binaries.Folder, "pg_restore"), ["--list", file])
        {
            RedirectStandardOutput = true,
        })!;
        var content = await restore.StandardOutput.ReadToEndAsync();
        await restore.WaitForExitAsync();
        Assert.Equal(0, restore.ExitCode);
        return content;
    }
}
