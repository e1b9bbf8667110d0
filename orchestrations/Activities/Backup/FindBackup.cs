using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Backup;

/// <summary>Says whether a backup is in the list.</summary>
public sealed class FindBackup(IBackupCatalogue catalogue) : TaskActivity<BackupRef, bool>
{
    /// <inheritdoc/>
    public override async Task<bool> RunAsync(TaskActivityContext context, BackupRef backup)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(backup);
        return (await catalogue.ListAsync(backup.TenantId, context.CancellationToken)).Any(b => b.Id == backup.BackupId);
    }
}
