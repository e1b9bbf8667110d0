using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Opens a tenant that a failed restore left suspended: with the database that is in its place, once its files are complete.</summary>
public sealed class ResumeTenant : TaskOrchestrator<ResumeTenantOrder, TenantResumed>
{
    private const string Manual = "manual";

    /// <inheritdoc/>
    public override async Task<TenantResumed> RunAsync(TaskOrchestrationContext context, ResumeTenantOrder order)
    {
        TenantDescriptor? place = null;
        TenantResumed result;
        try
        {
            place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
            result = await OpenAsync(context, order, place);
        }
        catch (TaskFailedException failure)
        {
            var reason = await CloseAsync(context, place, failure.Reason);
            await context.CallActivityAsync(BackupJobs.EndResume, new ResumeEnd(order.TenantId, order.JobId, null, reason));
            throw;
        }

        await context.CallActivityAsync(BackupJobs.EndResume, new ResumeEnd(order.TenantId, order.JobId, result, null));
        return result;
    }

    private static async Task<TenantResumed> OpenAsync(TaskOrchestrationContext context, ResumeTenantOrder order, TenantDescriptor place)
    {
        var failed = place with { JobId = order.RestoreJobId };
        var found = await context.CallActivityAsync(
            BackupJobs.FindReplaced, new FailedRestore(failed, order.BackupId, PreRestoreBackups.IdOf(failed, Manual)));
        string? note = null;
        if (found.BackupId is { } backup)
        {
            // Its database is there; its files may not have followed yet.
            var restored = await context.CallActivityAsync(
                Backup.Restore, new RestoreRequest(failed, new BackupRef(order.TenantId, backup), Replace: true));
            note = restored.Note;
        }

        await context.CallActivityAsync(Application.HandOver, place);
        await context.CallActivityAsync(Application.SetAddress, place);
        await context.CallActivityAsync(Routing.Publish, place);
        var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
        return new TenantResumed
        {
            Code = order.Code,
            BackupId = found.BackupId,
            Notes = [.. new[] { note, smoke is { Done: false } ? smoke.Note : null }.OfType<string>()],
        };
    }

    /// <summary>The tenant stays suspended, and nobody is led to it.</summary>
    private static async Task<string> CloseAsync(TaskOrchestrationContext context, TenantDescriptor? place, string reason)
    {
        if (place is null)
        {
            return reason;
        }

        try
        {
            await context.CallActivityAsync(Routing.Suspend, place);
            return reason;
        }
        catch (TaskFailedException failure)
        {
            return $"{reason.TrimEnd('.')}. Its route could not be closed again: {failure.Reason}";
        }
    }
}
