using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders about backups: row and orchestration in one transaction.</summary>
public sealed class BackupOrdering(CommandTransaction transactions, BackupJobOpening jobs, DurableTaskClient client, ILogger<BackupOrdering> logger)
{
    /// <summary>Orders a backup of a tenant.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be taken now.</exception>
    public Task<OrderAnswer> BackUpAsync(string code, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var job = Require(await jobs.OpenBackupAsync(connection, transaction, code, requestedBy, c));
                var order = new BackUpTenantOrder { TenantId = job.TenantId, JobId = job.JobId, Code = job.Code, Kind = BackupKinds.Manual };
                return await StartAsync(Orchestrations.BackUpTenant, order, job, JobKinds.Backup, job.Code, requestedBy, transaction, c);
            },
            cancellation);

    /// <summary>Orders that a backup takes the place of its tenant's database.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be restored now.</exception>
    public Task<OrderAnswer> RestoreAsync(string backupId, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var job = Require(await jobs.OpenRestoreAsync(connection, transaction, backupId, requestedBy, c));
                var order = new RestoreTenantOrder
                {
                    TenantId = job.TenantId,
                    JobId = job.JobId,
                    Code = job.Code,
                    BackupId = backupId,
                    WasSuspended = job.WasSuspended,
                };
                return await StartAsync(Orchestrations.RestoreTenant, order, job, JobKinds.Restore, backupId, requestedBy, transaction, c);
            },
            cancellation);

    /// <summary>Orders that a tenant which a failed restore left suspended is opened again.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be opened now.</exception>
    public Task<OrderAnswer> ResumeAsync(string code, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var (result, failed) = await jobs.OpenResumeAsync(connection, transaction, code, requestedBy, c);
                var job = Require(result);
                var order = new ResumeTenantOrder
                {
                    TenantId = job.TenantId,
                    JobId = job.JobId,
                    Code = job.Code,
                    RestoreJobId = failed!.Id,
                    BackupId = failed.BackupId,
                };
                return await StartAsync(Orchestrations.ResumeTenant, order, job, JobKinds.Resume, job.Code, requestedBy, transaction, c);
            },
            cancellation);

    /// <summary>Orders that a backup is tried out.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be tried out now.</exception>
    public Task<OrderAnswer> VerifyAsync(string backupId, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var job = Require(await jobs.OpenVerifyAsync(connection, transaction, backupId, requestedBy, c));
                var order = new VerifyBackupOrder { TenantId = job.TenantId, JobId = job.JobId, BackupId = backupId };
                return await StartAsync(Orchestrations.VerifyBackup, order, job, JobKinds.VerifyBackup, backupId, requestedBy, transaction, c);
            },
            cancellation);

    private async Task<AcceptedOrder> StartAsync<TOrder, TResult>(
        OrchestratorDefinition<TOrder, TResult> orchestration, TOrder order, BackupJobOpened job, string kind, string subject, string requestedBy,
        NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await client.ScheduleNewOrchestrationInstanceAsync(
            orchestration,
            order,
            new HubStartOptions
            {
                InstanceId = job.JobId,
                Transaction = transaction,
                Tags = new Dictionary<string, string> { ["tenant"] = job.Code, ["kind"] = kind },
            },
            cancellation);
        Logs.Ordered(logger, requestedBy, job.JobId, kind, subject);
        return new AcceptedOrder(JobsApi.AddressOf(job.JobId), new TenantAccepted(job.Code, job.TenantState, job.JobId));
    }

    private static BackupJobOpened Require(BackupJobResult result) => result switch
    {
        BackupJobOpened opened => opened,
        BackupJobRefused { Kind: BackupJobRefusalKind.NotFound } refused => throw new ProblemException(Refusals.NotFound(refused.Message)),
        BackupJobRefused { Kind: BackupJobRefusalKind.JobRunning } refused =>
            throw new ProblemException(Refusals.Conflict("job-running", "A job of this tenant is running", refused.Message)),
        BackupJobRefused refused => throw new ProblemException(Refusals.Conflict("tenant-not-active", "The tenant's state does not allow it", refused.Message)),
        _ => throw new InvalidOperationException($"A job was neither opened nor refused: {result.GetType().Name}."),
    };
}
