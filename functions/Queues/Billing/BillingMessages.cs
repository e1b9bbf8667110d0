using Bibind.ControlPlane.Billing;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Triggers;
using Npgsql;

namespace Bibind.Functions.Queues.Billing;

/// <summary>
/// Applies what billing says about subscriptions. What it does and the record that it was done are one transaction, hence
/// a message takes effect once, however often and by however many hosts it is handled.
/// </summary>
public sealed class BillingMessages(
    CommandTransaction transactions, BillingInbox inbox, TenantOrdering ordering, ILogger<BillingMessages> logger) : IQueueFunction
{
    private const string Caller = "billing";

    // Problems that go away by themselves, or by what an operator does about them.
    private static readonly HashSet<string> Passing = new(StringComparer.Ordinal)
    {
        "job-running", "template-not-ready", "no-active-server", "no-capacity",
    };

    /// <inheritdoc/>
    public async Task<QueueOutcome> RunAsync(QueueMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(message);
        var errors = new FieldErrors();
        if (BillingEnvelope.Read(message.Body, errors) is not { } billing)
        {
            return QueueOutcome.DeadLetter(string.Join(' ', errors.ToDictionary().Select(e => $"{e.Key} {string.Join("; ", e.Value)}.")));
        }

        if (!BillingTypes.All.Contains(billing.Type, StringComparer.Ordinal))
        {
            return QueueOutcome.DeadLetter($"billing.type '{billing.Type}' is unknown; known are {string.Join(", ", BillingTypes.All)}.");
        }

        var done = await transactions.RunAsync((connection, transaction, c) => ApplyAsync(billing, connection, transaction, c), cancellationToken);
        Logs.BillingTaken(logger, billing.Id, billing.Type, billing.Tenant, billing.Sequence, done.State, done.Reason ?? done.JobId ?? "nothing to say");
        return done.State switch
        {
            BillingStates.Waiting => QueueOutcome.Retry(reason: done.Reason),
            BillingStates.Refused => QueueOutcome.DeadLetter(done.Reason!),
            _ => QueueOutcome.Complete,
        };
    }

    private async Task<Done> ApplyAsync(
        BillingMessage message, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        Done done;
        switch (await inbox.BeginAsync(connection, transaction, message, cancellation))
        {
            case BillingTurn.Settled settled:
                return new Done(settled.State, "It was delivered before.", settled.JobId);
            case BillingTurn.Foreign foreign:
                return new Done(BillingStates.Refused, foreign.Reason);
            case BillingTurn.Never never:
                done = new Done(BillingStates.Refused, never.Reason);
                break;
            case var _ when BillingTypes.NotYet.Contains(message.Type, StringComparer.Ordinal):
                done = new Done(BillingStates.Parked, $"{message.Type} is kept until a version comes that applies it.");
                break;
            case BillingTurn.Waits waits:
                done = new Done(BillingStates.Waiting, waits.Reason);
                break;
            default:
                done = await TryAsync(message, connection, transaction, cancellation);
                break;
        }

        await inbox.RecordAsync(connection, transaction, message, done.State, done.Reason, done.JobId, cancellation);
        return done;
    }

    private async Task<Done> TryAsync(
        BillingMessage message, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        try
        {
            return message.Type == BillingTypes.Created
                ? await ProvisionAsync(message, connection, transaction, cancellation)
                : await DestroyAsync(message, connection, transaction, cancellation);
        }
        catch (ProblemException refused)
        {
            return new Done(Passing.Contains(refused.Problem.Kind) ? BillingStates.Waiting : BillingStates.Refused, BillingCommands.Words(refused));
        }
    }

    private async Task<Done> ProvisionAsync(
        BillingMessage message, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        var order = BillingCommands.ReadOrder(message, Caller);
        return new Done(BillingStates.Done, JobId: (await ordering.OrderAsync(order, connection, transaction, cancellation)).Job);
    }

    private async Task<Done> DestroyAsync(
        BillingMessage message, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        var wish = BillingCommands.ReadCancellation(message);
        if (wish.When == SubscriptionCancelled.PeriodEnd)
        {
            return new Done(BillingStates.Parked, "A cancellation at the period's end is kept until a version comes that applies it.");
        }

        try
        {
            return new Done(
                BillingStates.Done,
                JobId: (await ordering.DestroyAsync(message.Tenant, wish.FinalBackup, Caller, connection, transaction, cancellation)).Job);
        }
        catch (ProblemException gone) when (gone.Problem.Kind == "nothing-to-remove")
        {
            return new Done(BillingStates.Done, gone.Problem.Detail);
        }
        catch (ProblemException unknown) when (unknown.Problem.Kind == "not-found")
        {
            return new Done(BillingStates.Waiting, $"{unknown.Problem.Detail} Perhaps its {BillingTypes.Created} is still on its way.");
        }
    }

    private sealed record Done(string State, string? Reason = null, string? JobId = null);
}

/// <summary>The types of billing's messages.</summary>
internal static class BillingTypes
{
    public const string Created = "subscription.created";
    public const string Cancelled = "subscription.cancelled";

    /// <summary>Known, but kept for later.</summary>
    public static readonly string[] NotYet = ["invoice.paid", "payment.failed", "plan.changed", "subscription.suspended", "subscription.resumed"];

    public static readonly string[] All = [Created, Cancelled, .. NotYet];
}
