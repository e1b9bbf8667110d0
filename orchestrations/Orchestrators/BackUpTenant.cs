using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Takes a copy of a tenant that can be restored; after a scheduled one, deletes those that its plan no longer keeps.</summary>
public sealed class BackUpTenant : TaskOrchestrator<BackUpTenantOrder, TenantBackedUp>
{
    private const string Scheduled = "scheduled";

    /// <inheritdoc/>
    public override async Task<TenantBackedUp> RunAsync(TaskOrchestrationContext context, BackUpTenantOrder order)
    {
        TenantBackedUp result;
        try
        {
            var place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
            var taken = await PreRestoreBackups.TakeAsync(context, place, order.Kind);
            result = new TenantBackedUp
            {
                Code = order.Code,
                BackupId = PreRestoreBackups.IdOf(place, order.Kind),
                Key = taken.Key,
                Bytes = taken.Bytes,
                Sha256 = taken.Sha256,
                Notes = taken.Notes,
            };
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException)
        {
            var reason = Reasons.Of(failure);
            await context.CallActivityAsync(BackupJobs.EndBackup, new BackupEnd(order.JobId, null, reason));
            throw;
        }

        if (order.Kind == Scheduled)
        {
            result = await PruneAsync(context, order, result);
        }

        await context.CallActivityAsync(BackupJobs.EndBackup, new BackupEnd(order.JobId, result, null));
        return result;
    }

    /// <summary>A copy that cannot be deleted today is deleted another night: the new one is safe all the same.</summary>
    private static async Task<TenantBackedUp> PruneAsync(TaskOrchestrationContext context, BackUpTenantOrder order, TenantBackedUp result)
    {
        var deleted = new List<string>();
        try
        {
            var expired = await context.CallActivityAsync(BackupJobs.ListExpired, new TenantJob(order.TenantId, order.JobId));
            foreach (var backup in expired)
            {
                await context.CallActivityAsync(Backup.DeleteOne, new BackupRef(order.TenantId, backup));
                deleted.Add(backup);
            }
        }
        catch (TaskFailedException failure)
        {
            return result with { Deleted = deleted, Notes = [.. result.Notes, $"Older backups are still to be deleted: {failure.Reason}"] };
        }

        return result with { Deleted = deleted };
    }
}
