using Bibind.ControlPlane.Billing;
using Bibind.ControlPlane.Subscriptions;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Queues.Billing;

/// <summary>What billing's messages do, each in the transaction that records it.</summary>
public sealed class BillingEffects(
    BillingInbox inbox, SubscriptionStore subscriptions, SubscriptionOrdering changes, TenantOrdering ordering, IOptions<BillingOptions> options, TimeProvider time)
{
    private const string Caller = "billing";

    /// <summary>Orders the tenant of <c>subscription.created</c>, with its subscription.</summary>
    /// <exception cref="ProblemException">The order cannot be met.</exception>
    public async Task<BillingRecord> ProvisionAsync(BillingMessage message, BillingTurn.Due due, UnitOfWork work)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(due);
        ArgumentNullException.ThrowIfNull(work);
        if (due.IsLate)
        {
            return new BillingRecord(BillingStates.Passed, $"A later number of '{message.Tenant}' has taken effect: no tenant is made any more.");
        }

        var order = await BillingCommands.ReadOrderAsync(
            message, Caller, (given, isWhole) => ordering.FindWrongAsync(given, isRefused: !isWhole, work.CancellationToken));
        var accepted = await ordering.OrderWithinAsync(work, order, new SubscriptionOrigin(message.OccurredAt, message.Sequence, CauseOf(message)));
        await inbox.WakeAsync(work.Connection, work.Transaction, message.Tenant, work.CancellationToken);
        return new BillingRecord(BillingStates.Done, JobId: accepted.Job);
    }

    /// <summary>Applies any other message to the tenant's subscription; the tenant follows, at once or later.</summary>
    /// <exception cref="ProblemException">The data are wrong.</exception>
    public async Task<BillingRecord> ChangeAsync(BillingMessage message, BillingTurn.Due due, UnitOfWork work)
    {
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(due);
        ArgumentNullException.ThrowIfNull(work);
        var said = await BillingEvents.ReadAsync(message);
        if (await subscriptions.LockAsync(work.Connection, work.Transaction, message.Tenant, work.CancellationToken) is not { } locked)
        {
            return time.GetUtcNow() - due.Since < options.Value.GapLimit
                ? new BillingRecord(
                    BillingStates.Waiting, $"There is no tenant '{message.Tenant}'. Perhaps its {BillingTypes.Created} is still on its way.", BillingCauses.NoSubscription)
                : new BillingRecord(
                    BillingStates.Parked, $"There is no tenant '{message.Tenant}', and its {BillingTypes.Created} has not come within {options.Value.GapLimit:c}.",
                    BillingCauses.NoSubscription);
        }

        if (said.Happened is SubscriptionEvent.PlanChanged { Plan: var plan } && plan != locked.Subscription.Plan
            && await subscriptions.FindWrongPlanAsync(work.Connection, work.Transaction, plan, work.CancellationToken) is { } wrong)
        {
            throw new ProblemException(ProblemFactory.Invalid("plan", wrong));
        }

        switch (SubscriptionMachine.Apply(locked.Subscription, said.Happened, locked.Terms, message.Sequence))
        {
            case SubscriptionOutcome.Passed passed:
                return new BillingRecord(BillingStates.Passed, passed.Reason);
            case SubscriptionOutcome.Refused refused:
                return new BillingRecord(BillingStates.Parked, refused.Reason, BillingCauses.Conflict);
            case SubscriptionOutcome.Done done:
                var following = await changes.ApplyWithinAsync(
                    work, locked, said.Happened, done.Next, CauseOf(message), said.Reason ?? done.Note ?? $"Billing said {message.Type}.");
                return new BillingRecord(BillingStates.Done, ReasonOf(said, done.Note, following.Note), JobId: following.JobId);
            default:
                throw new InvalidOperationException("A subscription changes, or does not.");
        }
    }

    private static string? ReasonOf(BillingEvent said, params string?[] notes)
    {
        var ignored = said.Ignored.Count == 0 ? null : $"Ignored: {string.Join(", ", said.Ignored)}.";
        var words = string.Join(' ', notes.Append(ignored).OfType<string>());
        return words.Length == 0 ? null : words;
    }

    private static SubscriptionCause CauseOf(BillingMessage message) => new(SubscriptionCause.Message, message.Id, Caller);
}
