using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Begins attempts at tenants' first backups: each is a job of its own, and none keeps another job of the tenant out.</summary>
public sealed class FirstBackups(NpgsqlDataSource database, BackupJobOpening jobs, DurableTaskClient client)
{
    private const string Who = "provision";

    /// <summary>Begins one; false while another is under way.</summary>
    public async Task<bool> StartAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var started = await StartAsync(connection, transaction, tenantId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return started;
    }

    /// <summary>Begins one in the caller's transaction; false while another is under way.</summary>
    public async Task<bool> StartAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken)
    {
        if (await jobs.OpenFirstAsync(connection, transaction, tenantId, Who, cancellationToken) is not { } job)
        {
            return false;
        }

        await client.StartJobAsync(
            Orchestrations.BackUpTenant,
            new BackUpTenantOrder { TenantId = job.TenantId, JobId = job.JobId, Code = job.Code, Kind = BackupKinds.First },
            job.JobId, JobKinds.FirstBackup, job.Code, transaction, cancellationToken);
        return true;
    }

    /// <summary>Closes an attempt that was ended from outside, after somebody else took a backup; false while one is under way.</summary>
    public Task<bool> CloseEndedAsync(long tenantId, CancellationToken cancellationToken) => jobs.CloseEndedFirstAsync(tenantId, cancellationToken);
}
