using System.IO.Compression;
using System.Text.Json;
using Bibind.Activities.Backup.Encryption;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup.Archives;

/// <summary>Finds stored backups, proves them and reads them.</summary>
public sealed class BackupFiles(IObjectStore store, IBackupCatalogue catalogue, BackupDataKeys keys, IOptions<BackupOptions> options)
{
    private const int CopyBytes = 128 * 1024;

    private string Bucket => options.Value.Bucket;

    /// <summary>The backup's row in the list; null if there is none.</summary>
    public async Task<BackupRecord?> FindAsync(BackupRef backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        return (await catalogue.ListAsync(backup.TenantId, cancellationToken)).FirstOrDefault(b => b.Id == backup.BackupId);
    }

    /// <summary>The backup's manifest, which fits its row in the list.</summary>
    /// <exception cref="PermanentFailureException">There is no such backup, or it is not what the list says.</exception>
    public async Task<BackupManifest> ReadManifestAsync(BackupRef backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        var record = await FindAsync(backup, cancellationToken)
            ?? throw new PermanentFailureException($"There is no backup '{backup.BackupId}' of this tenant.");
        await using var stored = await store.OpenReadAsync(Bucket, record.ManifestKey, cancellationToken)
            ?? throw new BackupDamagedException("its manifest is not in the object store");
        BackupManifest manifest;
        try
        {
            manifest = await BackupManifest.ReadAsync(stored, cancellationToken);
        }
        catch (JsonException)
        {
            throw new BackupDamagedException("its manifest cannot be read");
        }

        if (manifest.FormatVersion is not (BackupManifest.PlainFormat or BackupManifest.EncryptedFormat or BackupManifest.FormatWithFiles))
        {
            throw new BackupDamagedException($"its format {manifest.FormatVersion} is not known to this version of the program");
        }

        return (manifest.Id, manifest.TenantId, manifest.Key, manifest.Bytes, manifest.Sha256) == (record.Id, record.TenantId, record.Key, record.Bytes, record.Sha256)
            && (manifest.FileStore?.Bytes, manifest.FileStore?.Sha256) == (record.FilesBytes, record.FilesSha256)
            ? manifest
            : throw new BackupDamagedException("its manifest is not the one that was recorded when it was taken");
    }

    /// <summary>Reads the whole dump once and proves that every byte is what was stored; nothing else is touched.</summary>
    /// <exception cref="BackupDamagedException">It is not; says how.</exception>
    public async Task VerifyAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        var head = await store.HeadAsync(Bucket, manifest.Key, cancellationToken)
            ?? throw new BackupDamagedException("its dump is not in the object store");
        if (head.Bytes != manifest.Bytes)
        {
            throw new BackupDamagedException($"its dump has {head.Bytes} bytes instead of {manifest.Bytes}");
        }

        await using var stored = new HashingStream(await OpenStoredAsync(manifest, cancellationToken));
        await using var dump = new HashingStream(await UnpackAsync(manifest, stored, cancellationToken));
        await TranslateErrorsAsync(() => dump.CopyToAsync(Stream.Null, CopyBytes, cancellationToken));

        // The decompression may stop before the last bytes of the file; they count all the same.
        await stored.CopyToAsync(Stream.Null, CopyBytes, cancellationToken);
        if (stored.Hash != manifest.Sha256 || dump.Hash != (manifest.DumpSha256 ?? manifest.Sha256))
        {
            throw new BackupDamagedException("its checksum is another than when it was taken");
        }
    }

    /// <summary>
    /// The dump itself, decrypted and decompressed while it is read, as <c>pg_restore</c> takes it; a damaged one fails
    /// while it is read.
    /// </summary>
    public async Task<Stream> OpenDumpAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return await UnpackAsync(manifest, await OpenStoredAsync(manifest, cancellationToken), cancellationToken);
    }

    /// <summary>A link to a stored, encrypted object of a backup, for those who have the key; null where the store has no links.</summary>
    public Task<Uri?> LinkAsync(string key, TimeSpan lifetime, CancellationToken cancellationToken) =>
        store.LinkAsync(Bucket, key, lifetime, cancellationToken);

    /// <summary>The stored, encrypted dump as it is, to be read forwards once.</summary>
    /// <exception cref="BackupDamagedException">It is not in the object store.</exception>
    public async Task<Stream> OpenStoredAsync(BackupManifest manifest, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(manifest);
        return await store.OpenReadAsync(Bucket, manifest.Key, cancellationToken) ?? throw new BackupDamagedException("its dump is not in the object store");
    }

    /// <summary>Runs what reads a dump; damage that the decompression finds comes out in words.</summary>
    internal static async Task TranslateErrorsAsync(Func<Task> read)
    {
        try
        {
            await read();
        }
        catch (InvalidDataException)
        {
            throw new BackupDamagedException("it cannot be decompressed");
        }
    }

    private async Task<Stream> UnpackAsync(BackupManifest manifest, Stream stored, CancellationToken cancellationToken)
    {
        if (manifest.FormatVersion == BackupManifest.PlainFormat)
        {
            return stored;
        }

        try
        {
            var key = await keys.FindAsync(manifest.TenantId, cancellationToken);
            return new BrotliStream(new DecryptingStream(stored, key, manifest.Binding), CompressionMode.Decompress);
        }
        catch
        {
            await stored.DisposeAsync();
            throw;
        }
    }
}
