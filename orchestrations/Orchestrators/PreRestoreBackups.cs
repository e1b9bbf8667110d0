using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Backups that a job's success depends on.</summary>
internal static class PreRestoreBackups
{
    /// <summary>Takes a backup; a host whose backups are switched off has taken none, and that is a failure here.</summary>
    /// <exception cref="BackupsOffException">Backups are switched off.</exception>
    public static async Task<BackupTaken> TakeAsync(TaskOrchestrationContext context, TenantDescriptor place, string kind)
    {
        var taken = await context.CallActivityAsync(Backup.Take, new BackupRequest(place, kind));
        return taken.Key.Length > 0 ? taken : throw new BackupsOffException();
    }

    /// <summary>The id in the list of backups, the same for every attempt.</summary>
    public static string IdOf(TenantDescriptor place, string kind) => BackupRef.IdOf(place.JobId, kind);
}

/// <summary>Backups are switched off on this installation.</summary>
public sealed class BackupsOffException() : Exception("No backup was taken: backups are switched off here (Backups__Enabled).");

/// <summary>What a failure says.</summary>
internal static class Reasons
{
    public static string Of(Exception failure) => failure is TaskFailedException failed ? failed.Reason : failure.Message;
}
