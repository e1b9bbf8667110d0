using System.Diagnostics;
using System.IO.Compression;
using System.Security.Cryptography;
using Bibind.Activities.Backup;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.FileStores;
using Bibind.Activities.Tests.FileStores;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Contracts;
using Xunit;
using static Bibind.Activities.Tests.Backup.RestoreSteps;

namespace Bibind.Activities.Tests.Backup;

/// <summary>File stores that are not as most are: each backup of them that succeeds is restored.</summary>
public sealed class OddFileStoreTests
{
    [Theory]
    [InlineData("as it is written")]
    [InlineData("nothing, compressed")]
    [InlineData("nothing at all")]
    public async Task A_store_without_files_comes_back_empty(string archive)
    {
        await using var files = await EmptyAsync();
        var (world, place) = (files.World, files.Place);
        var backup = await TakeAsync(world, place);
        if (archive != "as it is written")
        {
            await WriteArchiveAsync(files, backup, compressed: archive == "nothing, compressed");
        }

        var receipt = await VerifyAsync(world, place, backup);
        var newcomer = World.NewPlace();
        await RestoreAsync(world, newcomer, backup);
        StoreWorld.Write(files.StoreOf(place), "of after the backup");
        await RestoreAsync(world, place, backup, replace: true);

        Assert.Equal((0, 0), (receipt.FileStore!.Files, receipt.FileStore.Damaged));
        Assert.Empty(StoreWorld.FilesOf(files.StoreOf(newcomer)));
        Assert.Empty(StoreWorld.FilesOf(files.StoreOf(place)));
    }

    [Fact]
    public async Task Files_of_every_legal_name_and_size_come_back()
    {
        await using var files = await EmptyAsync();
        var (world, place) = (files.World, files.Place);
        var store = files.StoreOf(place);
        string[] names =
        [
            "ab/empty", "with space", "-dash", "ünïcode/ñ\u4e2d\U0001F600", new string('x', 200), $"{new string('d', 120)}/{new string('e', 120)}/{new string('f', 120)}",
            "a=b", "100%", "quote'\"", "star*?", "colon:semi;", "~", "#",
        ];
        foreach (var (name, index) in names.Select((n, i) => (n, i)))
        {
            StoreWorld.Write(store, name, new string('y', index == 0 ? 0 : index * 511));
        }

        // One frame of the encryption exactly, one of the archive, and a hole that is larger than both.
        await File.WriteAllBytesAsync(Path.Combine(store, "frame"), RandomNumberGenerator.GetBytes(1024 * 1024));
        await File.WriteAllBytesAsync(Path.Combine(store, "block"), RandomNumberGenerator.GetBytes(512));
        await using (var sparse = File.Create(Path.Combine(store, "sparse")))
        {
            sparse.SetLength(8 * 1024 * 1024);
        }

        File.SetLastWriteTimeUtc(Path.Combine(store, "-dash"), new DateTime(1902, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        File.SetLastWriteTimeUtc(Path.Combine(store, "100%"), new DateTime(2400, 1, 1, 0, 0, 0, DateTimeKind.Utc));
        var before = StoreWorld.FilesOf(store).ToList();
        var backup = await TakeAsync(world, place);

        await VerifyAsync(world, place, backup);
        var newcomer = World.NewPlace();
        await RestoreAsync(world, newcomer, backup);

        Assert.Equal(names.Length + 3, before.Count);
        Assert.Equal(before, StoreWorld.FilesOf(files.StoreOf(newcomer)));
        Assert.All(before, name => Assert.Equal(File.ReadAllBytes(files.File(place, name)), File.ReadAllBytes(files.File(newcomer, name))));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1024 * 1024)]
    [InlineData(2 * 1024 * 1024)]
    public async Task What_fills_frames_exactly_is_packed_and_unpacked(int bytes)
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var content = RandomNumberGenerator.GetBytes(bytes);
        using var stored = new MemoryStream();
        await using (var encrypting = new Activities.Backup.Encryption.EncryptingStream(stored, Activities.Backup.Encryption.FrameCipher.New(key, "test")))
        {
            await encrypting.WriteAsync(content);
            await encrypting.CompleteAsync(None);
        }

        stored.Position = 0;
        using var opened = new MemoryStream();
        await using (var decrypting = new Activities.Backup.Encryption.DecryptingStream(stored, key, "test"))
        {
            await decrypting.CopyToAsync(opened);
        }

        Assert.Equal(content, opened.ToArray());
    }

    [Fact]
    public async Task Links_pipes_and_names_that_cannot_come_back_are_left_out_and_said_so()
    {
        await using var files = await EmptyAsync();
        var (world, place) = (files.World, files.Place);
        var store = files.StoreOf(place);
        var secret = Path.Combine(files.World.Folder, "secret");
        Directory.CreateDirectory(secret);
        await File.WriteAllTextAsync(Path.Combine(secret, "key"), "secret");
        StoreWorld.Write(store, "ab/plain", "plain");
        StoreWorld.Write(store, "back\\slash", "left out");
        File.CreateSymbolicLink(Path.Combine(store, "link"), Path.Combine(secret, "key"));
        Directory.CreateSymbolicLink(Path.Combine(store, "folder"), secret);
        using (var made = Process.Start("mkfifo", Path.Combine(store, "pipe")))
        {
            await made.WaitForExitAsync();
        }

        var taken = await world.RunAsync<TakeBackup, BackupRequest, BackupTaken>(new BackupRequest(place, "manual"));

        Assert.Contains(taken.Notes, note => note.Contains("back\\slash", StringComparison.Ordinal));
        var newcomer = World.NewPlace();
        await RestoreAsync(world, newcomer, new BackupRef(place.TenantId, $"{place.JobId}-manual"));
        Assert.Equal(["ab/plain"], StoreWorld.FilesOf(files.StoreOf(newcomer)));
    }

    [Theory]
    [InlineData("link")]
    [InlineData("folder/key")]
    [InlineData("pipe")]
    [InlineData("gone")]
    public async Task What_took_the_place_of_a_file_since_it_was_listed_is_not_read(string name)
    {
        await using var files = await EmptyAsync();
        var store = files.StoreOf(files.Place);
        Directory.CreateDirectory(Path.Combine(files.World.Folder, "secret"));
        await File.WriteAllTextAsync(Path.Combine(files.World.Folder, "secret", "key"), "secret");
        File.CreateSymbolicLink(Path.Combine(store, "link"), Path.Combine(files.World.Folder, "secret", "key"));
        Directory.CreateSymbolicLink(Path.Combine(store, "folder"), Path.Combine(files.World.Folder, "secret"));
        using (var made = Process.Start("mkfifo", Path.Combine(store, "pipe")))
        {
            await made.WaitForExitAsync();
        }

        Assert.Null(files.World.Get<IFileStore>().Open(files.Place, name));
    }

    [Fact]
    public async Task A_file_that_goes_while_the_store_is_read_fails_nothing()
    {
        await using var files = await EmptyAsync();
        StoreWorld.Write(files.StoreOf(files.Place), "ab/gone", "gone");
        StoreWorld.Write(files.StoreOf(files.Place), "ab/kept", "kept");
        var listed = files.World.Get<IFileStore>().List(files.Place).ToList();
        File.Delete(files.File(files.Place, "ab/gone"));

        var opened = listed.Select(f => files.World.Get<IFileStore>().Open(files.Place, f.Name)).ToList();

        await using var kept = Assert.Single(opened, f => f is not null);
        Assert.Equal(4, kept!.Length);
    }

    private static async Task<FilesWorld> EmptyAsync()
    {
        var files = await FilesWorld.CreateAsync();
        foreach (var name in StoreWorld.FilesOf(files.StoreOf(files.Place)).ToList())
        {
            File.Delete(files.File(files.Place, name));
        }

        return files;
    }

    /// <summary>As earlier versions wrote the archive of a store without files.</summary>
    private static async Task WriteArchiveAsync(FilesWorld files, BackupRef backup, bool compressed)
    {
        var (world, place) = (files.World, files.Place);
        var key = await world.Get<BackupDataKeys>().FindAsync(place.TenantId, None);
        using var stored = new MemoryStream();
        await using (var encrypting = new Activities.Backup.Encryption.EncryptingStream(
            stored, Activities.Backup.Encryption.FrameCipher.New(key, BackupFileStore.BindingOf(place.TenantId, backup.BackupId))))
        {
            if (compressed)
            {
                await new BrotliStream(encrypting, CompressionLevel.Fastest, leaveOpen: true).DisposeAsync();
            }

            await encrypting.CompleteAsync(None);
        }

        var row = world.Backups.Rows[backup.BackupId];
        var archive = row.Key.Replace("database.dump", "filestore.tar", StringComparison.Ordinal);
        await world.Store.PutAsync(files.Bucket, archive, new MemoryStream(stored.ToArray()), None);
        await ChangeManifestAsync(world, place, m => m with
        {
            FileStore = m.FileStore! with { Bytes = stored.Length, Sha256 = Convert.ToHexStringLower(SHA256.HashData(stored.ToArray())) },
        });
    }
}
