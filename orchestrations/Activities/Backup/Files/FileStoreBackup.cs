using System.IO.Pipelines;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup.Files;

/// <summary>Stores a tenant's files beside the dump of its database.</summary>
public sealed class FileStoreBackup(
    IFileStore files, IObjectStore store, PostgresConnector postgres, IOptions<BackupOptions> options, TimeProvider time, ILogger<FileStoreBackup> logger)
{
    private const int NamesShown = 5;

    /// <summary>Keeps the application from deleting files; taken before the dump begins. Null where there are no file stores.</summary>
    internal async Task<AttachmentLock?> HoldAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        if (!files.IsOn)
        {
            return null;
        }

        files.Adopt(place);
        return await AttachmentLock.TakeAsync(postgres, place, cancellationToken);
    }

    /// <summary>
    /// Stores the files, after the dump: whatever a row of the dump names was written before that row, and is still there.
    /// Null where there are no file stores.
    /// </summary>
    internal async Task<BackupFileStore?> StoreAsync(
        BackupRequest request, BackupFolder folder, byte[] dataKey, AttachmentLock? held, CancellationToken cancellationToken)
    {
        if (held is null)
        {
            return null;
        }

        var pipe = new Pipe();
        using var end = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var archive = new StoreArchive(files, time, logger, request);
        var writing = Task.Run(() => WriteAsync(pipe.Writer, archive, end.Token), CancellationToken.None);
        try
        {
            var key = folder.FileStore;
            await using var packed = new PackingStream(
                pipe.Reader.AsStream(), dataKey, BackupFileStore.BindingOf(request.Place.TenantId, BackupKeys.Id(request)));
            var bytes = await store.PutAsync(options.Value.Bucket, key, packed, cancellationToken);
            var content = await writing;
            await held.ConfirmAsync(cancellationToken);
            return new BackupFileStore
            {
                Key = key,
                Bytes = bytes,
                Sha256 = packed.PackedSha256,
                Files = content.Files,
                FileBytes = content.Bytes,
                Damaged = content.Damaged,
                LeftOut = archive.LeftOut.Count,
                LeftOutNames = [.. archive.LeftOut.Take(NamesShown)],
            };
        }
        finally
        {
            // Nobody reads any more what is still written after a failure.
            await end.CancelAsync();
            await ((Task)writing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static async Task<StoreContent> WriteAsync(PipeWriter target, StoreArchive archive, CancellationToken cancellationToken)
    {
        try
        {
            StoreContent content;
            await using (var stream = target.AsStream(leaveOpen: true))
            {
                content = await archive.WriteAsync(stream, cancellationToken);
            }

            await target.CompleteAsync();
            return content;
        }
        catch (Exception failed)
        {
            // Whoever reads is told.
            await target.CompleteAsync(failed);
            throw;
        }
    }
}
