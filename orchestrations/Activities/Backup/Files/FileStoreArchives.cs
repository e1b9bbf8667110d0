using System.Formats.Tar;
using System.IO.Compression;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.FileStores;
using Bibind.Activities.Storage;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup.Files;

/// <summary>Reads the files of stored backups, and proves them.</summary>
public sealed class FileStoreArchives(IObjectStore store, BackupDataKeys keys, IOptions<BackupOptions> options)
{
    private const int CopyBytes = 128 * 1024;
    private const string What = "its file store";

    /// <summary>Reads all of it and gives nothing to anybody; nothing to do for a backup without a file store.</summary>
    /// <inheritdoc cref="ReadAsync" path="/exception"/>
    public Task VerifyAsync(BackupManifest manifest, CancellationToken cancellationToken) =>
        ReadAsync(manifest, (_, _) => Task.CompletedTask, cancellationToken);

    /// <summary>
    /// Gives file by file to <paramref name="read"/>, which need not read it to its end. What was given is to be used only
    /// if this succeeds: whether the archive is whole is known at its end.
    /// </summary>
    /// <exception cref="BackupDamagedException">It is not what was stored; says how.</exception>
    public async Task ReadAsync(BackupManifest manifest, Func<StoredFile, Stream, Task> read, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        ArgumentNullException.ThrowIfNull(read);
        if (manifest.FileStore is not { } part)
        {
            return;
        }

        var head = await store.HeadAsync(options.Value.Bucket, part.Key, cancellationToken)
            ?? throw new BackupDamagedException($"{What} is not in the object store");
        if (head.Bytes != part.Bytes)
        {
            throw new BackupDamagedException($"{What} has {head.Bytes} bytes instead of {part.Bytes}");
        }

        var key = await keys.FindAsync(manifest.TenantId, cancellationToken);
        await using var stored = new HashingStream(await OpenStoredAsync(part, cancellationToken));
        await using var archive = new BrotliStream(
            new DecryptingStream(stored, key, BackupFileStore.BindingOf(manifest.TenantId, manifest.Id)), CompressionMode.Decompress);
        StoreContent content = new(0, 0, 0);
        await BackupFiles.TranslateErrorsAsync(async () => content = await ReadEntriesAsync(archive, read, cancellationToken));

        // The decompression may stop before the last bytes of the file; they count all the same.
        await stored.CopyToAsync(Stream.Null, CopyBytes, cancellationToken);
        if (stored.Hash != part.Sha256)
        {
            throw new BackupDamagedException($"{What} has another checksum than when it was taken");
        }

        if (content != new StoreContent(part.Files, part.FileBytes, part.Damaged))
        {
            throw new BackupDamagedException(
                $"{What} has {content.Files} files of {content.Bytes} bytes, {content.Damaged} of them not what their name says, instead of {part.Files}, {part.FileBytes} and {part.Damaged}");
        }
    }

    /// <summary>The stored, encrypted archive as it is, to be read forwards once.</summary>
    /// <exception cref="BackupDamagedException">It is not in the object store.</exception>
    public async Task<Stream> OpenStoredAsync(BackupFileStore part, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(part);
        return await store.OpenReadAsync(options.Value.Bucket, part.Key, cancellationToken)
            ?? throw new BackupDamagedException($"{What} is not in the object store");
    }

    private static async Task<StoreContent> ReadEntriesAsync(Stream archive, Func<StoredFile, Stream, Task> read, CancellationToken cancellationToken)
    {
        var (files, bytes, damaged) = (0L, 0L, 0L);
        await using var tar = new TarReader(archive, leaveOpen: true);
        while (await NextAsync(tar, isFirst: files == 0, cancellationToken) is { } entry)
        {
            if (entry.EntryType != TarEntryType.RegularFile || !StoreNames.IsSafe(entry.Name))
            {
                throw new BackupDamagedException($"{What} holds something that would lead out of it");
            }

            await using var content = new HashingStream(entry.DataStream ?? Stream.Null, StoreHash.Algorithm);
            await read(new StoredFile(entry.Name, entry.ModificationTime), content);
            await content.CopyToAsync(Stream.Null, CopyBytes, cancellationToken);
            files++;
            bytes += content.Bytes;
            damaged += StoreNames.Sha1Of(entry.Name) is { } named && named != content.Hash ? 1 : 0;
        }

        await archive.CopyToAsync(Stream.Null, CopyBytes, cancellationToken);
        return new StoreContent(files, bytes, damaged);
    }

    // A store without files was written as nothing at all; that nothing was cut off is proved by the encryption and the count.
    private static async Task<TarEntry?> NextAsync(TarReader tar, bool isFirst, CancellationToken cancellationToken)
    {
        try
        {
            return await tar.GetNextEntryAsync(copyData: false, cancellationToken);
        }
        catch (EndOfStreamException) when (isFirst)
        {
            return null;
        }
        catch (Exception unreadable) when (unreadable is EndOfStreamException or FormatException)
        {
            throw new BackupDamagedException($"{What} is no archive that can be read");
        }
    }
}
