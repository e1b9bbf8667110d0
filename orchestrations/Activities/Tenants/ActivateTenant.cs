using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Backup.Jobs;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tenants;

/// <summary>
/// Ends a provisioning well: the tenant is active and its job has a result. What it lacks is pending from then on; its first backup
/// is begun at once, in the same transaction.
/// </summary>
public sealed class ActivateTenant(
    TenantLifecycle tenants, IBackupCatalogue backups, FirstBackups firstBackups, IOptions<BackupOptions> options) : TaskActivity<TenantToActivate, TenantReady>
{
    private static readonly PutOff FirstBackup = new(PendingKinds.FirstBackup, "The first backup is being taken.");

    /// <inheritdoc/>
    public override async Task<TenantReady> RunAsync(TaskActivityContext context, TenantToActivate input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        var cancellationToken = context.CancellationToken;

        // One that was ordered when the backup came first has one.
        if (!options.Value.Enabled || (await backups.ListAsync(input.TenantId, cancellationToken)).Count > 0)
        {
            return await tenants.ActivateAsync(input.TenantId, input.JobId, input.Notes, input.Pending, input.Staging, together: null, cancellationToken);
        }

        return await tenants.ActivateAsync(
            input.TenantId, input.JobId, input.Notes, [.. input.Pending, FirstBackup], input.Staging,
            (connection, transaction) => firstBackups.StartAsync(connection, transaction, input.TenantId, cancellationToken),
            cancellationToken);
    }
}
