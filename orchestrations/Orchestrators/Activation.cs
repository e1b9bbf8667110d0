using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>The last steps of a tenant's making: what needs the application, the activation, and word to the caller.</summary>
internal static class Activation
{
    /// <summary>
    /// Makes the standard user and looks whether the application answers, both at once, for each waits for the application to load the
    /// database. What cannot be done now is pending, and the tenant is active all the same.
    /// </summary>
    /// <param name="context">The orchestration's.</param>
    /// <param name="saga">Undoes what came before; a first backup, too, of an activation whose answer was lost.</param>
    /// <param name="place">The tenant.</param>
    /// <param name="notes">What earlier steps want to tell a person.</param>
    /// <param name="staging">What a staging copy is without; null for every other tenant.</param>
    /// <exception cref="TaskFailedException">A step failed, and its retries gave up.</exception>
    public static async Task<TenantReady> RunAsync(
        TaskOrchestrationContext context, Saga saga, TenantDescriptor place, IReadOnlyList<string> notes, StagingReport? staging = null)
    {
        var user = TryAsync(context, Application.CreateStandardUser, place, "The standard user was not made");
        var smoke = TryAsync(context, Application.SmokeTest, place, "The tenant was not seen to answer");
        await Branches.SettleAsync(user, smoke);

        saga.UndoneBy(Backup.DeleteAll, place);
        saga.UndoneBy(Tenants.Deactivate, place);
        var (made, seen) = (await user, await smoke);
        var ready = await context.CallActivityAsync(Tenants.Activate, new TenantToActivate(place)
        {
            Notes = [.. notes, .. ProvisionFailure.Notes(made, seen)],
            Pending = [.. PutOffs(PendingKinds.StandardUser, made), .. PutOffs(PendingKinds.SmokeTest, seen)],
            Staging = staging,
        });
        var notified = await Callbacks.TellAsync(context, place, "active", reason: null);
        return ready with { Notes = [.. ready.Notes, .. ProvisionFailure.Notes(notified)] };
    }

    /// <summary>
    /// As it was before: one step after the other, the first backup before the activation. For the orders that were under way when that
    /// changed; none is started any more.
    /// </summary>
    /// <inheritdoc cref="RunAsync"/>
    public static async Task<TenantReady> AfterFirstBackupAsync(
        TaskOrchestrationContext context, Saga saga, TenantDescriptor place, IReadOnlyList<string> notes)
    {
        var user = await context.CallActivityAsync(Application.CreateStandardUser, place);
        var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
        saga.UndoneBy(Backup.DeleteAll, place);
        await context.CallActivityAsync(Backup.Take, new BackupRequest(place, "first"));
        var ready = await context.CallActivityAsync(Tenants.Activate, new TenantToActivate(place));
        var notified = await Callbacks.TellAsync(context, place, "active", reason: null);
        return ready with { Notes = [.. notes, .. ProvisionFailure.Notes(user, smoke, notified)] };
    }

    // What trying again can mend is put off; what it cannot fails the order.
    private static async Task<StepOutcome> TryAsync(
        TaskOrchestrationContext context, ActivityDefinition<TenantDescriptor, StepOutcome> step, TenantDescriptor place, string otherwise)
    {
        try
        {
            return await context.CallActivityAsync(step, place);
        }
        catch (TaskFailedException failed) when (!failed.FailureDetails.IsNonRetriable)
        {
            return new StepOutcome(false, $"{otherwise}: {failed.Reason}");
        }
    }

    private static IEnumerable<PutOff> PutOffs(string kind, StepOutcome outcome) =>
        outcome.Done ? [] : [new PutOff(kind, outcome.Note ?? "No reason was given.")];
}
