using Bibind.Contracts;
using Bibind.Durable;

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
    /// <exception cref="TaskFailedException">A step failed, and its retries gave up.</exception>
    public static async Task<TenantReady> RunAsync(TaskOrchestrationContext context, Saga saga, TenantPlace place, IReadOnlyList<string> notes)
    {
        var user = context.CallActivityAsync(Application.CreateStandardUser, place);
        var smoke = context.CallActivityAsync(Application.SmokeTest, place);
        await Branches.SettleAsync(user, smoke);

        saga.UndoneBy(Backup.DeleteAll, place);
        var (made, seen) = (await user, await smoke);
        var ready = await context.CallActivityAsync(Tenants.Activate, new TenantToActivate(place)
        {
            Notes = [.. notes, .. ProvisionFailure.Notes(made, seen)],
            Pending = [.. PutOffs(PendingKinds.StandardUser, made), .. PutOffs(PendingKinds.SmokeTest, seen)],
        });
        var notified = await Callbacks.TellAsync(context, place, "active", reason: null);
        return ready with { Notes = [.. ready.Notes, .. ProvisionFailure.Notes(notified)] };
    }

    private static IEnumerable<PutOff> PutOffs(string kind, StepOutcome outcome) =>
        outcome.Done ? [] : [new PutOff(kind, outcome.Note ?? "No reason was given.")];
}
