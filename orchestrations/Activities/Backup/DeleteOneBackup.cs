using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Deletes one backup: first its objects, then its row; succeeds when there is none.</summary>
public sealed class DeleteOneBackup(BackupDeletion deletion) : TaskActivity<BackupRef, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, BackupRef backup)
    {
        ArgumentNullException.ThrowIfNull(context);
        await deletion.RunAsync(backup, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Deletes backups.</summary>
public sealed class BackupDeletion(IObjectStore store, IBackupCatalogue catalogue, BackupFiles files, IOptions<BackupOptions> options)
{
    /// <summary>Deletes one; succeeds when there is none.</summary>
    public async Task RunAsync(BackupRef backup, CancellationToken cancellationToken)
    {
        if (await files.FindAsync(backup, cancellationToken) is { } found)
        {
            await store.DeleteAllAsync(options.Value.Bucket, BackupKeys.PrefixOf(found), cancellationToken);
            await catalogue.DeleteAsync(found.Id, cancellationToken);
        }
    }
}
