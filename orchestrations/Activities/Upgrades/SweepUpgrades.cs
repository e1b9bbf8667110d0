using Bibind.Activities.Backup;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Upgrades;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Upgrades;

/// <summary>
/// Deletes safety backups whose time is up, drops copies that could not be dropped before, and starts the ending of upgrades that nobody
/// makes any more.
/// </summary>
public sealed class SweepUpgrades(
    UpgradeUndoing undoing, UpgradeStore upgrades, UpgradeLifecycle lifecycle, UpgradePlaces places, UpgradeCopies copies, BackupDeletion backups, IFileStore files,
    JobOrchestrations orchestrations, TimeProvider time, ILogger<SweepUpgrades> logger) : TaskActivity<Unit, int>
{
    private const int AtOnce = 20;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var cancellationToken = context.CancellationToken;
        var done = 0;
        var open = await upgrades.ListOpenAsync(cancellationToken);
        foreach (var ended in await orchestrations.FindEndedAsync([.. open.Keys], cancellationToken))
        {
            done += await undoing.StartAsync(open[ended], cancellationToken) ? 1 : 0;
        }

        foreach (var due in await upgrades.ListDueAsync(time.GetUtcNow(), AtOnce, cancellationToken))
        {
            done += await TryAsync(due, () => ForgetBackupAsync(due, cancellationToken)) ? 1 : 0;
        }

        foreach (var left in await upgrades.ListWithCopyAsync(AtOnce, cancellationToken))
        {
            done += await TryAsync(left, () => ForgetCopyAsync(left, cancellationToken)) ? 1 : 0;
        }

        return done;
    }

    private async Task ForgetBackupAsync(TenantUpgrade upgrade, CancellationToken cancellationToken)
    {
        if (upgrade.SafetyBackupId is { } backup)
        {
            await backups.RunAsync(new BackupRef(upgrade.TenantId, backup), cancellationToken);
        }

        await lifecycle.ForgetBackupAsync(upgrade.Id, cancellationToken);
    }

    private async Task ForgetCopyAsync(TenantUpgrade upgrade, CancellationToken cancellationToken)
    {
        var place = await places.OfAsync(upgrade.TenantId, upgrade.JobId, cancellationToken);
        var copy = await places.CopyOfAsync(place, cancellationToken);
        await copies.DropAsync(copy, cancellationToken);
        if (files.IsOn)
        {
            files.Remove(copy, cancellationToken);
        }

        await backups.RunAsync(new BackupRef(upgrade.TenantId, BackupRef.IdOf(upgrade.JobId, UpgradeBackups.Rehearsal)), cancellationToken);
        if ((await copies.LookAsync(copy, cancellationToken)).IsClean)
        {
            await lifecycle.ForgetCopyAsync(upgrade.Id, cancellationToken);
        }
    }

    // One server that is away keeps nothing else from being done.
    private async Task<bool> TryAsync(TenantUpgrade upgrade, Func<Task> work)
    {
        try
        {
            await work();
            return true;
        }
        catch (ActivityFailureException away)
        {
            logger.UpgradeNotSwept(upgrade.JobId, away.Message);
            return false;
        }
    }
}
