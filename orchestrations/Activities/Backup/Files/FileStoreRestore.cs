using Bibind.Activities.Backup.Archives;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Backup.Files;

/// <summary>Brings the files of a proved backup back, together with its database.</summary>
public sealed class FileStoreRestore(IFileStore files, FileStoreArchives archives)
{
    /// <summary>Unpacks them beside the tenant's own, which stay as they are; on failure what was unpacked is dropped again, unless another attempt goes on with it.</summary>
    internal async Task StageAsync(RestoreRequest request, BackupManifest manifest, CancellationToken cancellationToken)
    {
        if (!files.IsOn || request.KeepsFiles)
        {
            return;
        }

        var place = request.Place;
        if (manifest.FileStore is null)
        {
            files.DropReplacement(place);
            return;
        }

        files.BeginReplacement(place, request.Replace);
        try
        {
            await archives.ReadAsync(manifest, (file, content) => files.AddAsync(place, file, content, cancellationToken), cancellationToken);
            files.CompleteReplacement(place);
        }
        catch
        {
            await DropAsync(request, cancellationToken);
            throw;
        }
    }

    /// <summary>True if the files of a backup come back with its database, or are there already.</summary>
    internal bool Brings(RestoreRequest request, BackupManifest manifest) => request.KeepsFiles || (files.IsOn && manifest.FileStore is not null);

    /// <summary>
    /// Puts what was unpacked in the place of the tenant's own, after the database took its name: the application does not
    /// see that database before it is handed over. Does nothing when it is done.
    /// </summary>
    internal void Swap(RestoreRequest request)
    {
        if (files.IsOn && !request.KeepsFiles)
        {
            files.Swap(request.Place);
        }
    }

    /// <summary>Drops what was unpacked for a database that did not take its name, unless another attempt has taken the work over: then it is that one's.</summary>
    internal Task DropAsync(RestoreRequest request, CancellationToken cancellationToken) =>
        request.KeepsFiles ? Task.CompletedTask : DropAsync(request.Place, cancellationToken);

    /// <inheritdoc cref="DropAsync(RestoreRequest, CancellationToken)"/>
    internal async Task DropAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        if (files.IsOn)
        {
            await LeaseFence.EnsureHeldAsync();
            files.DropReplacement(place);
        }
    }

    /// <summary>What does not come back, in words; null if everything does.</summary>
    internal string? NoteOn(RestoreRequest request, BackupManifest manifest) => (files.IsOn, manifest.FileStore) switch
    {
        _ when request.KeepsFiles => null,
        (true, null) => "The backup was taken without a file store: files are as they were, and those that only the backup's database names are missing.",
        (false, not null) => "The file store of the backup was not brought back: FileStore__Provider is none.",
        _ => null,
    };
}
