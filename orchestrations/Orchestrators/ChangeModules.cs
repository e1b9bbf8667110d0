using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Changes the modules and the theme of one tenant. It is closed and backed up first, for an uninstallation deletes data and an installation
/// may end half-way; whatever fails, what was there before is brought back.
/// </summary>
public sealed class ChangeModules : TaskOrchestrator<ChangeModulesOrder, ModulesChanged>
{
    private const string Safety = "manual";

    /// <inheritdoc/>
    public override async Task<ModulesChanged> RunAsync(TaskOrchestrationContext context, ChangeModulesOrder order)
    {
        var progress = new Progress();
        ModulesChanged result;
        try
        {
            result = await ChangeAsync(context, order, progress);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException or ModulesAbandonedException or EndedFromOutsideException)
        {
            var (isOpen, state) = await SettleAsync(context, order, progress);
            await EndAsync(context, order, isOpen, null, $"{Reasons.Of(failure).TrimEnd('.')}. {state}");
            throw;
        }

        await EndAsync(context, order, isOpen: true, result, null);
        return result;
    }

    private static async Task<ModulesChanged> ChangeAsync(TaskOrchestrationContext context, ChangeModulesOrder order, Progress progress)
    {
        var place = progress.Place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
        if (order.IsUndo)
        {
            // How far it got, nobody knows any more: the backup is taken before anything is changed.
            progress.RouteTouched = true;
            progress.DatabaseTouched = await context.CallActivityAsync(TenantModules.FindWayBack, WayBack(place).Backup);
            throw new EndedFromOutsideException();
        }

        var request = new ModuleRequest(place, order.Change);
        var before = await context.CallActivityAsync(TenantModules.Look, request);
        if (before.IsNothing)
        {
            return new ModulesChanged { Code = order.Code, Theme = order.Change.Theme?.Name, Notes = ["Everything was so already: nothing was changed."] };
        }

        // Nobody is shut out for an application that is not there.
        await RequireAnswerAsync(context, place);
        var closedAt = context.CurrentUtcDateTime;
        progress.RouteTouched = true;
        await context.CallActivityAsync(Routing.Suspend, place);
        progress.BackupTaken = true;
        await PreRestoreBackups.TakeAsync(context, place, Safety);
        await context.CallActivityAsync(Backup.CheckRestore, WayBack(place));
        progress.DatabaseTouched = true;
        await context.CallActivityAsync(TenantModules.Apply, request);
        var changed = await context.CallActivityAsync(TenantModules.Verify, new ModulesCheck(place, order.Change, before));
        await RequireAnswerAsync(context, place);
        await context.CallActivityAsync(Routing.Publish, place);
        return changed with
        {
            SafetyBackupId = PreRestoreBackups.IdOf(place, Safety),
            OutageMs = (long)(context.CurrentUtcDateTime - closedAt).TotalMilliseconds,
        };
    }

    private static async Task RequireAnswerAsync(TaskOrchestrationContext context, TenantDescriptor place)
    {
        var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
        if (!smoke.Done)
        {
            throw new ModulesAbandonedException(smoke.Note ?? "The application does not answer for the tenant.");
        }
    }

    /// <summary>Brings back what was there before, and says how far that went.</summary>
    private static async Task<(bool IsOpen, string State)> SettleAsync(TaskOrchestrationContext context, ChangeModulesOrder order, Progress progress)
    {
        const string Untouched = "Nothing was changed: the tenant is as it was.";
        if (progress is not { Place: { } place, RouteTouched: true })
        {
            return (true, Untouched);
        }

        var safety = PreRestoreBackups.IdOf(place, Safety);
        if (await PersistAsync(context, () => ReopenAsync(context, place, progress)) is { } hopeless)
        {
            return (false, $"The tenant is suspended, because it could not be brought back: {hopeless.Reason.TrimEnd('.')}. What it was before is in backup '{safety}': once the cause is gone, restore that.");
        }

        if (progress.DatabaseTouched)
        {
            return (true, $"What was there before was brought back from backup '{safety}'.");
        }

        if (progress.BackupTaken)
        {
            await PersistAsync(context, () => context.CallActivityAsync(Backup.DeleteOne, new BackupRef(order.TenantId, safety)));
        }

        return (true, Untouched);
    }

    private static async Task ReopenAsync(TaskOrchestrationContext context, TenantDescriptor place, Progress progress)
    {
        if (progress.DatabaseTouched)
        {
            await context.CallActivityAsync(Routing.Suspend, place);
            await context.CallActivityAsync(Backup.Restore, WayBack(place));
            await context.CallActivityAsync(Application.HandOver, place);
        }

        await context.CallActivityAsync(Routing.Publish, place);
    }

    /// <summary>Tries again for as long as that can help.</summary>
    private static Task<TaskFailedException?> PersistAsync(TaskOrchestrationContext context, Func<Task> step) =>
        Persistence.PersistAsync(context, step, (failure, _) => failure.FailureDetails.IsNonRetriable);

    private static RestoreRequest WayBack(TenantDescriptor place) =>
        new(place, new BackupRef(place.TenantId, PreRestoreBackups.IdOf(place, Safety)), Replace: true);

    private static Task<Unit> EndAsync(TaskOrchestrationContext context, ChangeModulesOrder order, bool isOpen, ModulesChanged? result, string? reason) =>
        context.CallActivityAsync(TenantModules.End, new ModulesEnd
        {
            TenantId = order.TenantId,
            JobId = order.JobId,
            IsOpen = isOpen,
            IsUndo = order.IsUndo,
            Change = order.Change,
            Result = result,
            Reason = reason,
        });

    /// <summary>How far it got; each is set before the act, so that an act whose outcome is unknown counts.</summary>
    private sealed class Progress
    {
        public TenantDescriptor? Place { get; set; }
        public bool RouteTouched { get; set; }
        public bool BackupTaken { get; set; }
        public bool DatabaseTouched { get; set; }
    }
}

/// <summary>A change of modules that cannot go on, though no step has failed.</summary>
public sealed class ModulesAbandonedException(string reason) : Exception(reason);
