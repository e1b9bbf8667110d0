using Bibind.Activities.Moves;
using Bibind.Activities.Upgrades;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Modules;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Support;
using Bibind.ControlPlane.Upgrades;
using Bibind.Durable;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Activities.Jobs;

/// <summary>
/// Undoes jobs whose orchestration has ended without closing them, or closes what changes nothing half-way: those that the sweep finds, and those
/// that somebody cancelled.
/// </summary>
public sealed class JobUndoing(
    NpgsqlDataSource database, BackupJobEnding backups, TenantModuleStore modules, JobStore jobs, JobOrchestrations orchestrations, MoveStore moves, MoveStarts moveStarts,
    UpgradeStore upgrades, SupportAccessStore support, UpgradeUndoing upgradeUndoing, DurableTaskClient client)
{
    private const string Forgotten = JobReasons.EndedFromOutside + " What it was ordered to do is not known any more, so nothing was undone. Restore the backup that it took first, if there is one.";

    private const string PlanIsChanged = JobReasons.EndedFromOutside + " The tenant has the plan; its bucket gets the plan's quota with a later sweep.";

    /// <summary>The kinds that the sweep of jobs sees to; others have sweeps of their own.</summary>
    public static IReadOnlyCollection<string> Swept { get; } =
        [JobKinds.Restore, JobKinds.ChangeModules, JobKinds.Backup, JobKinds.FirstBackup, JobKinds.VerifyBackup, JobKinds.ChangePlan, JobKinds.ResetCredentials, JobKinds.SupportAccess];

    /// <summary>Sees to a job that no orchestration goes about any more.</summary>
    /// <exception cref="PermanentFailureException">Its tenant has moved on: whoever moved it knows of the job.</exception>
    public Task SeeToAsync(OpenJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(job);
        return job.Kind switch
        {
            JobKinds.Provision => ProvisionAsync(job, cancellationToken),
            JobKinds.Move => MoveAsync(job, cancellationToken),
            JobKinds.Upgrade => UpgradeAsync(job, cancellationToken),
            JobKinds.ChangeModules => UndoAsync(
                job, Orchestrations.ChangeModules, o => o with { IsUndo = true },
                () => modules.EndAsync(
                    new ModulesEnd { TenantId = job.TenantId, JobId = job.Id, IsOpen = false, IsUndo = true, Change = new ModuleChange(), Reason = Forgotten }, cancellationToken),
                cancellationToken),
            JobKinds.Restore => UndoAsync(
                job, Orchestrations.RestoreTenant, o => o with { IsUndo = true },
                () => backups.EndRestoreAsync(new RestoreEnd { TenantId = job.TenantId, JobId = job.Id, IsOpen = false, IsUndo = true, Reason = Forgotten }, cancellationToken),
                cancellationToken),
            JobKinds.SupportAccess => SupportAsync(job, cancellationToken),
            JobKinds.Backup or JobKinds.FirstBackup => backups.EndBackupAsync(new BackupEnd(job.Id, null, JobReasons.EndedFromOutside), cancellationToken),
            JobKinds.VerifyBackup => backups.EndVerifyAsync(new VerifyEnd(job.Id, null, JobReasons.EndedFromOutside), cancellationToken),
            JobKinds.ChangePlan => jobs.FinishAsync(job.Id, new JobEnd { Outcome = JobOutcomes.Failed, Reason = PlanIsChanged }, cancellationToken),
            _ => jobs.FinishAsync(job.Id, new JobEnd { Outcome = JobOutcomes.Failed, Reason = JobReasons.EndedFromOutside }, cancellationToken),
        };
    }

    // Whatever made the tenant, an order, a backup or another tenant: all that any of them makes is undone by the same steps.
    private Task ProvisionAsync(OpenJob job, CancellationToken cancellationToken) => StartAsync(
        job, Orchestrations.ProvisionTenant, new ProvisionTenantOrder { TenantId = job.TenantId, JobId = job.Id, Code = job.TenantCode, IsUndo = true }, cancellationToken);

    // The row knows all that the order did, so that one whose orchestration is forgotten is undone as well.
    private async Task SupportAsync(OpenJob job, CancellationToken cancellationToken)
    {
        if (await support.FindByJobAsync(job.Id, cancellationToken) is { } access)
        {
            await StartAsync(
                job, Orchestrations.SupportAccess,
                new SupportAccessOrder { TenantId = job.TenantId, JobId = job.Id, Code = job.TenantCode, AccessId = access.Id, IsUndo = true }, cancellationToken);
        }
    }

    private async Task MoveAsync(OpenJob job, CancellationToken cancellationToken)
    {
        var (instance, move) = (await moves.ListRunningAsync(cancellationToken)).FirstOrDefault(m => m.Value.JobId == job.Id);
        if (move is not null && await HasEndedAsync(instance, cancellationToken))
        {
            await moveStarts.UndoAsync(move, cancellationToken);
        }
    }

    private async Task UpgradeAsync(OpenJob job, CancellationToken cancellationToken)
    {
        var (instance, upgrade) = (await upgrades.ListOpenAsync(cancellationToken)).FirstOrDefault(u => u.Value.JobId == job.Id);
        if (upgrade is not null && await HasEndedAsync(instance, cancellationToken))
        {
            await upgradeUndoing.StartAsync(upgrade, cancellationToken);
        }
    }

    private async Task<bool> HasEndedAsync(string instance, CancellationToken cancellationToken) =>
        (await orchestrations.FindEndedAsync([instance], cancellationToken)).Length > 0;

    private async Task UndoAsync<TOrder, TResult>(
        OpenJob job, OrchestratorDefinition<TOrder, TResult> orchestrator, Func<TOrder, TOrder> undoing, Func<Task> end, CancellationToken cancellationToken)
        where TOrder : class
    {
        if (await client.GetInstanceAsync(job.Instance, getInputsAndOutputs: true, cancellationToken) is not { } instance
            || instance.ReadInputAs<TOrder>() is not { } order)
        {
            await end();
            return;
        }

        await StartAsync(job, orchestrator, undoing(order), cancellationToken);
    }

    private async Task StartAsync<TOrder, TResult>(
        OpenJob job, OrchestratorDefinition<TOrder, TResult> orchestrator, TOrder order, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Whoever makes a failed one go on has its row locked, so it is looked at once more.
        if (!await AbandonedJobs.CountUndoAsync(connection, transaction, job, cancellationToken)
            || (await orchestrations.FindStoppedAsync([job.Instance], cancellationToken)).Length == 0)
        {
            return;
        }

        await client.StartJobAsync(orchestrator, order, job.NextUndo, job.Kind, job.TenantCode, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}
