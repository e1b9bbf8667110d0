using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup;

/// <summary>Deletes one backup: first its objects, then its row; succeeds when there is none.</summary>
public sealed class DeleteOneBackup(IObjectStore store, IBackupCatalogue catalogue, BackupFiles files, IOptions<BackupOptions> options)
    : TaskActivity<BackupRef, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, BackupRef backup)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (await files.FindAsync(backup, context.CancellationToken) is { } found)
        {
            await store.DeleteAllAsync(options.Value.Bucket, BackupKeys.PrefixOf(found), context.CancellationToken);
            await catalogue.DeleteAsync(found.Id, context.CancellationToken);
        }

        return Unit.Value;
    }
}
