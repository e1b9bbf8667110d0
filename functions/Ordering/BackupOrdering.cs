using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders about backups: row and orchestration in one transaction.</summary>
public sealed class BackupOrdering(CommandTransaction transactions, BackupJobOpening jobs)
{
    /// <summary>Orders a backup of a tenant.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be taken now.</exception>
    public Task<OrderResponse> BackUpAsync(string code, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var accepted = await BackUpWithinAsync(work, code, requestedBy);
                return new AcceptedOrder(JobLocation.Of(accepted.Job), accepted);
            },
            cancellation);

    /// <summary>Orders a backup of a tenant in a transaction of the caller's, which a refusal leaves usable.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be taken now.</exception>
    public async Task<TenantAccepted> BackUpWithinAsync(UnitOfWork work, string code, string requestedBy)
    {
        ArgumentNullException.ThrowIfNull(work);
        var job = Require(await jobs.OpenBackupAsync(work.Connection, work.Transaction, code, requestedBy, work.CancellationToken));
        var order = new BackUpTenantOrder { TenantId = job.TenantId, JobId = job.JobId, Code = job.Code, Kind = BackupKinds.Manual };
        await work.StartAsync(Orchestrations.BackUpTenant, order, job.JobId, JobKinds.Backup, job.Code, requestedBy);
        return new TenantAccepted(job.Code, job.TenantState, job.JobId);
    }

    /// <summary>Orders that a backup takes the place of its tenant's database.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be restored now.</exception>
    public Task<OrderResponse> RestoreAsync(string backupId, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var job = Require(await jobs.OpenRestoreAsync(work.Connection, work.Transaction, backupId, requestedBy, work.CancellationToken));
                var order = new RestoreTenantOrder
                {
                    TenantId = job.TenantId,
                    JobId = job.JobId,
                    Code = job.Code,
                    BackupId = backupId,
                    WasSuspended = job.WasSuspended,
                };
                return await StartAsync(work, Orchestrations.RestoreTenant, order, job, JobKinds.Restore, backupId, requestedBy);
            },
            cancellation);

    /// <summary>Orders that a tenant which a failed restore left suspended is opened again, in a transaction of the caller's.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be opened now.</exception>
    internal async Task<TenantAccepted> ResumeWithinAsync(UnitOfWork work, string code, string requestedBy)
    {
        var (result, failed) = await jobs.OpenResumeAsync(work.Connection, work.Transaction, code, requestedBy, work.CancellationToken);
        var job = Require(result);
        var order = new ResumeTenantOrder
        {
            TenantId = job.TenantId,
            JobId = job.JobId,
            Code = job.Code,
            RestoreJobId = failed!.Id,
            BackupId = failed.BackupId,
        };
        await work.StartAsync(Orchestrations.ResumeTenant, order, job.JobId, JobKinds.Resume, job.Code, requestedBy);
        return new TenantAccepted(job.Code, job.TenantState, job.JobId);
    }

    /// <summary>Orders that a backup is tried out.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be tried out now.</exception>
    public Task<OrderResponse> VerifyAsync(string backupId, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var job = Require(await jobs.OpenVerifyAsync(work.Connection, work.Transaction, backupId, requestedBy, work.CancellationToken));
                var order = new VerifyBackupOrder { TenantId = job.TenantId, JobId = job.JobId, BackupId = backupId };
                return await StartAsync(work, Orchestrations.VerifyBackup, order, job, JobKinds.VerifyBackup, backupId, requestedBy);
            },
            cancellation);

    private static async Task<AcceptedOrder> StartAsync<TOrder, TResult>(
        UnitOfWork work, OrchestratorDefinition<TOrder, TResult> orchestration, TOrder order, BackupJobOpened job, string kind, string subject, string requestedBy)
    {
        await work.StartAsync(orchestration, order, job.JobId, kind, job.Code, requestedBy, subject);
        return new AcceptedOrder(JobLocation.Of(job.JobId), new TenantAccepted(job.Code, job.TenantState, job.JobId));
    }

    private static BackupJobOpened Require(BackupJobResult result) => result switch
    {
        BackupJobOpened opened => opened,
        BackupJobRefused refused => throw new ProblemException(OrderProblems.Of(refused)),
        _ => throw new InvalidOperationException($"A job was neither opened nor refused: {result.GetType().Name}."),
    };
}
