using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Npgsql;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>A tenant's files in its backups, on a real PostgreSQL, in a folder and at a real S3 server.</summary>
public sealed class FileStoreBackupTests
{
    [Theory]
    [InlineData("local")]
    [InlineData("s3")]
    public async Task Files_come_back_with_their_database_as_a_new_tenant_and_in_place(string provider)
    {
        await using var files = await FilesWorld.CreateAsync(provider == "s3" ? await S3SettingsAsync() : []);
        var (world, place) = (files.World, files.Place);
        StoreWorld.Write(files.StoreOf(place), "exports/list.csv", "of no attachment");
        var before = StoreWorld.FilesOf(files.StoreOf(place)).ToList();
        var backup = await TakeAsync(world, place);
        var newcomer = World.NewPlace();

        await RestoreAsync(world, newcomer, backup);

        Assert.Equal(before, StoreWorld.FilesOf(files.StoreOf(newcomer)));
        Assert.All(before, name => Assert.Equal(File.ReadAllBytes(files.File(place, name)), File.ReadAllBytes(files.File(newcomer, name))));
        Assert.Equal(File.GetLastWriteTimeUtc(files.File(place, before[0])), File.GetLastWriteTimeUtc(files.File(newcomer, before[0])), TimeSpan.FromSeconds(1));

        File.Delete(files.File(place, OdooFiles.All[0].StoreName));
        StoreWorld.Write(files.StoreOf(place), "of after the backup");
        var restored = await RestoreAsync(world, place, backup, replace: true);

        Assert.Null(restored.Note);
        Assert.Equal(before, StoreWorld.FilesOf(files.StoreOf(place)));
        files.AssertTidy(place, newcomer);
        var row = world.Backups.Rows[backup.BackupId];
        Assert.Equal(row.FilesBytes, (await world.Store.HeadAsync(files.Bucket, row.Key.Replace("database.dump", "filestore.tar", StringComparison.Ordinal), None))!.Bytes);
    }

    [Fact]
    public async Task A_receipt_counts_the_files_and_names_those_that_are_missing_or_damaged()
    {
        await using var files = await FilesWorld.CreateAsync();
        var (world, place) = (files.World, files.Place);
        var (missing, damaged) = (OdooFiles.All[3].StoreName, OdooFiles.All[5].StoreName);
        File.Delete(files.File(place, missing));
        File.Delete(files.File(place, damaged));
        StoreWorld.Write(files.StoreOf(place), damaged, "something else");
        var backup = await TakeAsync(world, place);

        var receipt = (await VerifyAsync(world, place, backup)).FileStore!;

        Assert.Equal((OdooFiles.All.Count - 1, 1, 1), (receipt.Files, receipt.Missing, receipt.Damaged));
        Assert.Equal([missing], receipt.MissingNames);
        Assert.Equal(world.Backups.Rows[backup.BackupId].FilesSha256, receipt.StoredSha256);
        Assert.Contains(world.Logs.Lines, line => line.Contains(damaged, StringComparison.Ordinal));
        await RestoreAsync(world, place, backup, replace: true);
        Assert.Equal("something else", await File.ReadAllTextAsync(files.File(place, damaged)));
    }

    public static TheoryData<string> Damages => ["truncated", "changed", "gone", "of another backup", "the dump in its place", "left out"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task Files_that_are_not_what_was_stored_are_refused_before_anything_is_changed(string damage)
    {
        await using var files = await FilesWorld.CreateAsync();
        var (world, place) = (files.World, files.Place);
        var backup = await TakeAsync(world, place);
        await DamageAsync(files, backup, damage);
        var mine = StoreWorld.Write(files.StoreOf(place), "of now");
        var before = StoreWorld.FilesOf(files.StoreOf(place)).ToList();

        await Assert.ThrowsAsync<BackupDamagedException>(() => RestoreAsync(world, place, backup, replace: true));

        Assert.Equal(before, StoreWorld.FilesOf(files.StoreOf(place)));
        Assert.Contains(mine, before);
        files.AssertTidy(place);
        Assert.Empty(await ScratchesAsync(world, place));
    }

    [Fact]
    public async Task A_trial_of_files_that_are_not_what_was_stored_fails_and_leaves_nothing()
    {
        await using var files = await FilesWorld.CreateAsync();
        var backup = await TakeAsync(files.World, files.Place);
        await DamageAsync(files, backup, "truncated");

        await Assert.ThrowsAsync<BackupDamagedException>(() => VerifyAsync(files.World, files.Place, backup));

        Assert.Empty(await TrialsAsync(files.World, backup));
    }

    [Fact]
    public async Task A_backup_of_before_there_were_file_stores_is_restored_and_leaves_files_alone()
    {
        await using var files = await FilesWorld.CreateAsync();
        var (world, place) = (files.World, files.Place);
        var backup = await TakeAsync(world, place);
        await ChangeManifestAsync(world, place, m => m with { FormatVersion = BackupManifest.EncryptedFormat, FileStore = null });
        var mine = StoreWorld.Write(files.StoreOf(place), "of now");

        var restored = await RestoreAsync(world, place, backup, replace: true);

        Assert.Contains("without a file store", restored.Note, StringComparison.Ordinal);
        Assert.True(File.Exists(files.File(place, mine)));
        Assert.Null((await VerifyAsync(world, place, backup)).FileStore);
    }

    [Fact]
    public async Task Where_there_are_no_file_stores_the_database_is_backed_up_and_restored_alone()
    {
        await using var world = await World.CreateAsync();
        var (place, backup) = await BackedUpAsync(world);

        var restored = await RestoreAsync(world, place, backup, replace: true);

        Assert.Null(restored.Note);
        Assert.Null(world.Backups.Rows[backup.BackupId].FilesBytes);
        await Assert.ThrowsAsync<PermanentFailureException>(() => world.RunAsync<RemoveFileStore>(place));
    }

    [Fact]
    public async Task A_restore_that_fails_leaves_the_files_as_they_were()
    {
        var folder = PostgresFixture.NewFolder();
        await using var files = await FilesWorld.CreateAsync(("Backups:PgRestore", Script.Write(folder, "pg_restore", "cat >/dev/null; exit 1")));
        files.World.DeleteAtEnd(folder);
        var backup = await TakeAsync(files.World, files.Place);
        var mine = StoreWorld.Write(files.StoreOf(files.Place), "of now");

        await Assert.ThrowsAsync<TransientFailureException>(() => RestoreAsync(files.World, files.Place, backup, replace: true));

        Assert.True(File.Exists(files.File(files.Place, mine)));
        files.AssertTidy(files.Place);
    }

    [Fact]
    public async Task A_restore_that_died_after_the_database_took_the_name_brings_the_files_after_it()
    {
        await using var files = await FilesWorld.CreateAsync();
        var (world, place) = (files.World, files.Place);
        var backup = await TakeAsync(world, place);
        await RestoreAsync(world, place, backup, replace: true);
        var restored = StoreWorld.FilesOf(files.StoreOf(place)).ToList();
        var ready = Path.Combine(files.Folder, $".bibind-ready-{place.TenantId}-{place.Code}");
        Directory.Move(files.StoreOf(place), ready);
        StoreWorld.Write(files.StoreOf(place), "of before the restore");

        await RestoreAsync(world, place, backup, replace: true);

        Assert.Equal(restored, StoreWorld.FilesOf(files.StoreOf(place)));
        files.AssertTidy(place);
    }

    [Fact]
    public async Task A_new_tenant_does_not_get_the_place_of_files_that_are_there()
    {
        await using var files = await FilesWorld.CreateAsync();
        var backup = await TakeAsync(files.World, files.Place);
        var newcomer = World.NewPlace();
        var precious = StoreWorld.Write(files.StoreOf(newcomer), "precious");

        await Assert.ThrowsAsync<PermanentFailureException>(() => RestoreAsync(files.World, newcomer, backup));

        Assert.Equal([precious], StoreWorld.FilesOf(files.StoreOf(newcomer)));
        Assert.False(await files.World.DatabaseExistsAsync(newcomer.Database));
    }

    [Fact]
    public async Task A_store_that_the_application_made_itself_becomes_the_tenants_with_its_next_backup()
    {
        await using var files = await FilesWorld.CreateAsync();
        File.Delete(files.File(files.Place, ".bibind"));

        await TakeAsync(files.World, files.Place);

        await files.World.RunAsync<RemoveFileStore>(files.Place);
        files.AssertTidy();
    }

    [Fact]
    public async Task While_a_backup_is_taken_the_application_writes_on_and_deletes_no_file()
    {
        await using var files = await FilesWorld.CreateAsync();
        var (world, place) = (files.World, files.Place);
        const string Insert = "insert into ir_attachment (name, type, store_fname) values ('new', 'binary', 'aa/new')";
        await using (await Activities.Backup.Files.AttachmentLock.TakeAsync(world.Get<Activities.Database.PostgresConnector>(), place, None))
        {
            await world.ExecuteAsync(Insert, place.Database);
            var refused = await Assert.ThrowsAsync<PostgresException>(
                () => world.ExecuteAsync("begin; lock table ir_attachment in share mode nowait", place.Database));
            Assert.Equal(PostgresErrorCodes.LockNotAvailable, refused.SqlState);
        }

        await world.ExecuteAsync("begin; lock table ir_attachment in share mode nowait; rollback", place.Database);
    }

    [Fact]
    public async Task A_file_that_is_being_written_is_in_the_backup_whole()
    {
        await using var files = await FilesWorld.CreateAsync();
        var (world, place) = (files.World, files.Place);
        var name = StoreWorld.Write(files.StoreOf(place), "first half, second half");
        await using var writing = new FileStream(files.File(place, name), FileMode.Create, FileAccess.Write, FileShare.ReadWrite);
        await writing.WriteAsync("first half"u8.ToArray());
        await writing.FlushAsync();

        var taking = TakeAsync(world, place);
        await Task.Delay(TimeSpan.FromMilliseconds(400));
        await writing.WriteAsync(", second half"u8.ToArray());
        await writing.FlushAsync();
        var backup = await taking;

        Assert.Equal(0, (await VerifyAsync(world, place, backup)).FileStore!.Damaged);
    }

    private static async Task DamageAsync(FilesWorld files, BackupRef backup, string damage)
    {
        var (world, place) = (files.World, files.Place);
        var row = world.Backups.Rows[backup.BackupId];
        string ObjectOf(string key) => Path.Combine(world.Folder, "objects", files.Bucket, key);
        var archive = ObjectOf(row.Key.Replace("database.dump", "filestore.tar", StringComparison.Ordinal));
        var bytes = await File.ReadAllBytesAsync(archive);
        switch (damage)
        {
            case "truncated":
                await File.WriteAllBytesAsync(archive, bytes[..^10]);
                break;
            case "changed":
                bytes[bytes.Length / 2] ^= 1;
                await File.WriteAllBytesAsync(archive, bytes);
                break;
            case "gone":
                File.Delete(archive);
                break;
            case "left out":
                // The manifest only: the list still says that there are files.
                await ChangeManifestAsync(world, place, m => m with { FileStore = null });
                world.Backups.Rows[backup.BackupId] = row;
                break;
            default:
                // List and manifest are changed to fit what is put in its place.
                var source = ObjectOf(row.Key);
                if (damage == "of another backup")
                {
                    var other = await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "scheduled"));
                    source = ObjectOf(other.Key.Replace("database.dump", "filestore.tar", StringComparison.Ordinal));
                    world.Backups.Rows.TryRemove($"{place.JobId}-scheduled", out _);
                }

                File.Copy(source, archive, overwrite: true);
                var sha256 = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(await File.ReadAllBytesAsync(source)));
                await ChangeManifestAsync(
                    world, place, m => m with { FileStore = m.FileStore! with { Bytes = new FileInfo(source).Length, Sha256 = sha256 } });
                break;
        }
    }

    private static async Task<(string, string?)[]> S3SettingsAsync()
    {
        var ceph = await SharedServers.CephS3Async();
        return
        [
            ("Storage:Provider", "s3"), ("Storage:S3:Endpoint", ceph.Url.AbsoluteUri),
            ("Storage:S3:AccessKey", ceph.Account.AccessKey), ("Storage:S3:SecretKey", ceph.Account.SecretKey),
            ("Backups:Bucket", $"files-{Guid.NewGuid():N}"),
        ];
    }
}
