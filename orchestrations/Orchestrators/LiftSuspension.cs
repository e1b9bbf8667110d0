using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Opens a suspended tenant: connections, address, route, and a look at its login page. What a failed restore left is completed first. Where it
/// does not answer, it is suspended again.
/// </summary>
public sealed class LiftSuspension : TaskOrchestrator<LiftSuspensionOrder, TenantResumed>
{
    private const string Manual = "manual";

    /// <inheritdoc/>
    public override async Task<TenantResumed> RunAsync(TaskOrchestrationContext context, LiftSuspensionOrder order)
    {
        TenantDescriptor? place = null;
        TenantResumed result;
        try
        {
            place = await context.CallActivityAsync(Suspensions.BeginLift, order);
            result = await OpenAsync(context, order, place);
        }
        catch (Exception failure) when (failure is TaskFailedException or LiftAbandonedException)
        {
            var reason = await CloseAsync(context, order, place, Reasons.Of(failure));
            await context.CallActivityAsync(Suspensions.EndLift, new LiftEnd(order, null, reason));
            throw;
        }

        await context.CallActivityAsync(Suspensions.EndLift, new LiftEnd(order, result, null));
        return result;
    }

    private static async Task<TenantResumed> OpenAsync(TaskOrchestrationContext context, LiftSuspensionOrder order, TenantDescriptor place)
    {
        var (backup, note) = await CompleteRestoreAsync(context, order, place);

        // A failed upgrade leaves the database read-only.
        await context.CallActivityAsync(Moves.Unfreeze, place);
        await context.CallActivityAsync(Application.HandOver, place);
        await context.CallActivityAsync(Application.SetAddress, place);
        await context.CallActivityAsync(Routing.Publish, place);
        return await UpgradeTenant.SmokeTestAsync(context, place) is { } fault
            ? throw new LiftAbandonedException(fault)
            : new TenantResumed { Code = order.Code, BackupId = backup, Notes = [.. new[] { note }.OfType<string>()] };
    }

    private static async Task<(string? BackupId, string? Note)> CompleteRestoreAsync(TaskOrchestrationContext context, LiftSuspensionOrder order, TenantDescriptor place)
    {
        if (order is not { RestoreJobId: { } restore, BackupId: { } wanted })
        {
            return (null, null);
        }

        var failed = place with { JobId = restore };
        var found = await context.CallActivityAsync(BackupJobs.FindReplaced, new FailedRestore(failed, wanted, PreRestoreBackups.IdOf(failed, Manual)));
        if (found.BackupId is not { } backup)
        {
            return (null, null);
        }

        var restored = await context.CallActivityAsync(Backup.Restore, new RestoreRequest(failed, new BackupRef(order.TenantId, backup), Replace: true));
        return (backup, restored.Note);
    }

    /// <summary>The tenant stays suspended: nobody is led to it, and its database refuses everybody again.</summary>
    private static async Task<string> CloseAsync(TaskOrchestrationContext context, LiftSuspensionOrder order, TenantDescriptor? place, string reason)
    {
        await context.CallActivityAsync(Suspensions.KeepSuspended, order);
        var words = $"{reason.TrimEnd('.')}. The tenant is still suspended.";
        if (place is null)
        {
            return words;
        }

        var route = await Persistence.PersistWithinReasonAsync(context, () => context.CallActivityAsync(Routing.Suspend, place));
        var database = order.IsOrdered ? await Persistence.PersistWithinReasonAsync(context, () => context.CallActivityAsync(Suspensions.ShutDatabase, place)) : null;
        return $"{words}{(route is null ? null : $" Its route could not be closed again: {route.Reason}")}{(database is null ? null : $" Its database could not be closed again: {database.Reason}")}";
    }
}

/// <summary>A tenant that was opened and does not answer, though no step has failed.</summary>
public sealed class LiftAbandonedException(string reason) : Exception(reason);
