using Bibind.Activities.Certificates;
using Bibind.Activities.Database;
using Bibind.Activities.Staging;
using Bibind.Activities.Suspensions;
using Bibind.Activities.Templates.Versions;
using Bibind.Contracts;
using Bibind.ControlPlane.Idempotency;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Tenants;

/// <summary>Starts the removal of whatever tenants left behind, so that nothing waits for somebody to look; forgets old idempotency keys.</summary>
public sealed class SweepTenants(
    NpgsqlDataSource database,
    OlderDatabases older,
    LateLeftovers late,
    RepairTenantRoles roles,
    SuspensionKeeper suspensions,
    StagingKeeper staging,
    RetiredVersions versions,
    AbandonedTenants abandoned,
    TenantLifecycle lifecycle,
    JobStore jobs,
    IdempotencyStore keys,
    ICertificateProvider certificates,
    DurableTaskClient client,
    ILogger<SweepTenants> logger) : TaskActivity<SweepOrder, SweepResult>
{
    private const string Who = "sweep";
    private const int AtOnce = 20;
    private static readonly TimeSpan KeysAreKept = TimeSpan.FromDays(7);

    /// <inheritdoc/>
    public override async Task<SweepResult> RunAsync(TaskActivityContext context, SweepOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        var cancellationToken = context.CancellationToken;
        await older.TakeOverAsync(cancellationToken);
        await late.FindAsync(context);
        await roles.RunAsync(context.InstanceId, cancellationToken);
        await suspensions.RunAsync(context.InstanceId, cancellationToken);
        var started = new List<string>(await staging.RunAsync(Who, cancellationToken));
        foreach (var tenant in await abandoned.FindAsync(AtOnce, cancellationToken))
        {
            if (await RemoveAsync(tenant, cancellationToken) is { } job)
            {
                started.Add(job);
            }
        }

        await versions.EndAbandonedAsync(Who, cancellationToken);
        await versions.DropUnusedAsync(Who, cancellationToken);
        await certificates.SweepProofsAsync(cancellationToken);
        return new SweepResult(started, await keys.PurgeAsync(KeysAreKept, cancellationToken));
    }

    private async Task<string?> RemoveAsync(AbandonedTenant tenant, CancellationToken cancellationToken)
    {
        const string Reason = "The job's orchestration was ended from outside; what it left is being removed.";
        if (tenant.OpenJob is { } job)
        {
            // Nobody took an inventory, so something may be left.
            var unknown = new Contracts.Inventory
            {
                Items = [new InventoryItem("inventory", tenant.Code, InventoryItem.Unknown, "nobody asked the servers what is left")],
                FailedUndoSteps = ["nothing was undone"],
            };
            if (tenant.State == TenantStates.Provisioning)
            {
                await lifecycle.MarkFailedAsync(
                    new TenantFailure { TenantId = tenant.Id, JobId = job, Reason = Reason, Inventory = unknown }, cancellationToken);
            }
            else
            {
                await jobs.FinishAsync(job, new JobEnd { Outcome = JobOutcomes.Failed, Reason = Reason, Inventory = unknown }, cancellationToken);
            }
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await lifecycle.BeginTerminatingAsync(connection, transaction, tenant.Id, Who, cancellationToken) is not Termination termination)
        {
            logger.LeftoversKept(tenant.Code, tenant.Id);
            return null;
        }

        // Of one that was removed before, nothing can be backed up any more; what is kept stays.
        var order = tenant.State == TenantStates.Terminated
            ? termination.Order(finalBackup: tenant.HasBackups) with { FinalBackupTaken = true }
            : termination.Order(finalBackup: !tenant.WasNeverActive) with { FinalBackupTaken = tenant.HasFinalBackup };
        await client.StartJobAsync(
            Orchestrations.DestroyTenant,
            order,
            termination.JobId, JobKinds.Destroy, tenant.Code, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        logger.LeftoversSwept(tenant.Code, tenant.Id, termination.JobId);
        return termination.JobId;
    }
}
