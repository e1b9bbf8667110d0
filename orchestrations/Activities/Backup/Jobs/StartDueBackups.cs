using Bibind.Activities.Backup.Archives;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Opens the night's jobs of one minute, each with its orchestration in one transaction; a second call opens none again.</summary>
public sealed class StartDueBackups(NpgsqlDataSource database, BackupJobOpening jobs, DurableTaskClient client, IOptions<BackupOptions> options)
    : TaskActivity<NightSlot, int>
{
    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, NightSlot slot)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(slot);
        if (options.Value is not { Enabled: true, Nightly: true })
        {
            return 0;
        }

        var started = 0;
        foreach (var tenantId in await jobs.ListDueAsync(slot.StartsAt, slot.Minute, BackupJobs.NightMinutes, context.CancellationToken))
        {
            started += await StartAsync(tenantId, slot, context.CancellationToken) ? 1 : 0;
        }

        return started;
    }

    private async Task<bool> StartAsync(long tenantId, NightSlot slot, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await jobs.OpenScheduledAsync(connection, transaction, tenantId, slot.StartsAt, cancellationToken) is not { } job)
        {
            return false;
        }

        await client.StartJobAsync(
            Orchestrations.BackUpTenant,
            new BackUpTenantOrder { TenantId = job.TenantId, JobId = job.JobId, Code = job.Code, Kind = BackupKinds.Scheduled },
            job.JobId, JobKinds.Backup, job.Code, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
