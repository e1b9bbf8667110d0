using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>What the making and the refreshing of a staging copy share.</summary>
internal static class StagingSteps
{
    /// <summary>Takes the backup that becomes the copy; the tenant serves on.</summary>
    /// <exception cref="TaskFailedException">The tenant cannot be copied.</exception>
    /// <exception cref="BackupsOffException">Backups are switched off.</exception>
    public static async Task<BackupRef> TakeAsync(TaskOrchestrationContext context, Saga saga, StagingContent content, string jobId)
    {
        var source = await context.CallActivityAsync(Staging.FindSource, new StagingSource(content.SourceTenantId, jobId));
        saga.UndoneBy(Backup.DeleteOne, BackupOf(content, jobId));
        await PreRestoreBackups.TakeAsync(context, source, StagingBackups.Kind);
        return BackupOf(content, jobId);
    }

    /// <summary>Makes the restored database the copy's own, without what could go out of it.</summary>
    public static async Task<StagingReport> NeutraliseAsync(TaskOrchestrationContext context, TenantDescriptor place, StagingContent content) =>
        await context.CallActivityAsync(Staging.Neutralise, new StagingTarget(place, content.Masking)) with { Source = content.SourceCode };

    /// <summary>Deletes the backup that became the copy. The sweep does it where this cannot.</summary>
    public static Task ForgetAsync(TaskOrchestrationContext context, StagingContent content, string jobId) =>
        Persistence.TryAsync(() => context.CallActivityAsync(Backup.DeleteOne, BackupOf(content, jobId)));

    /// <summary>What the job says in words.</summary>
    public static IReadOnlyList<string> Notes(StagingReport report, params string?[] further)
    {
        var notes = new List<string> { $"It is a staging copy of '{report.Source}': no mail leaves it, no cron runs in it, and nothing of its keys and secrets works elsewhere." };
        if (!report.ByModules)
        {
            notes.Add("The application's own program (Templates__OdooBin) is not on the worker's machine or has no command 'neutralize': what only a module of others knows of was not taken away.");
        }

        notes.AddRange(report.Skipped.Select(s => $"The masking of {s.Table}.{s.Column} was left out: {s.Reason}."));
        notes.AddRange(further.OfType<string>());
        return notes;
    }

    private static BackupRef BackupOf(StagingContent content, string jobId) =>
        new(content.SourceTenantId, BackupRef.IdOf(jobId, StagingBackups.Kind));
}
