using Bibind.Activities.Backup;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Staging;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Staging;

/// <summary>Starts the removal of staging copies whose time is up or whose tenant is gone, and deletes backups that became copies and were left.</summary>
public sealed class StagingKeeper(
    NpgsqlDataSource database, StagingStore copies, TenantLifecycle lifecycle, BackupDeletion backups, DurableTaskClient client, TimeProvider time, ILogger<StagingKeeper> logger)
{
    private const int AtOnce = 20;

    /// <summary>One round.</summary>
    /// <returns>The removals that were started.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(string who, CancellationToken cancellationToken)
    {
        var started = new List<string>();
        foreach (var copy in await copies.ListDueAsync(time.GetUtcNow(), AtOnce, cancellationToken))
        {
            if (await RemoveAsync(copy, who, cancellationToken) is { } job)
            {
                started.Add(job);
            }
        }

        foreach (var (tenantId, id) in await copies.ListLeftBackupsAsync(AtOnce, cancellationToken))
        {
            await ForgetAsync(new BackupRef(tenantId, id), cancellationToken);
        }

        return started;
    }

    // Nothing of it is kept: it can be made again from what it is a copy of.
    private async Task<string?> RemoveAsync(StagingCopy copy, string who, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await lifecycle.BeginTerminatingAsync(connection, transaction, copy.TenantId, who, cancellationToken) is not Termination termination
            || !await StagingStore.IsDueAsync(connection, transaction, copy.TenantId, time.GetUtcNow(), cancellationToken))
        {
            return null;
        }

        await client.StartJobAsync(
            Orchestrations.DestroyTenant, termination.Order(finalBackup: false), termination.JobId, JobKinds.Destroy, copy.Code, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        logger.StagingCopyExpired(copy.Code, copy.Source, termination.JobId);
        return termination.JobId;
    }

    // A store that is away keeps nothing else from being done.
    private async Task ForgetAsync(BackupRef backup, CancellationToken cancellationToken)
    {
        try
        {
            await backups.RunAsync(backup, cancellationToken);
        }
        catch (ActivityFailureException away)
        {
            logger.StagingBackupKept(backup.BackupId, away.Message);
        }
    }
}
