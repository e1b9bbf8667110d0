using Bibind.ControlPlane.Billing;
using Bibind.Functions.Requests;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues.Billing;

/// <summary>
/// Takes what billing says about subscriptions. A message whose turn has not come is done with, as far as the broker is concerned:
/// the inbox keeps it, and <see cref="BillingRetries"/> comes back to it.
/// </summary>
public sealed class BillingMessages(BillingHandler handler, ILogger<BillingMessages> logger) : IQueueFunction
{
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

        var done = await handler.TakeAsync(billing, cancellationToken);
        if (done.State != BillingStates.Waiting && done.MayBeAwaited)
        {
            await FollowUpAsync(billing, cancellationToken);
        }

        return done.State == BillingStates.Refused ? QueueOutcome.DeadLetter(done.Reason!) : QueueOutcome.Complete;
    }

    // Those that waited for it are no affair of this message, should one of them fail.
    private async Task FollowUpAsync(BillingMessage message, CancellationToken cancellationToken)
    {
        try
        {
            await handler.RetryWaitingAsync(message.Tenant, cancellationToken);
        }
        catch (Exception failed) when (!cancellationToken.IsCancellationRequested)
        {
            Logs.BillingRetryFailed(logger, message.Tenant, failed);
        }
    }
}

/// <summary>The types of billing's messages.</summary>
internal static class BillingTypes
{
    public const string Created = "subscription.created";
    public const string Paid = "invoice.paid";
    public const string PaymentFailed = "payment.failed";
    public const string PlanChanged = "plan.changed";
    public const string Suspended = "subscription.suspended";
    public const string Resumed = "subscription.resumed";
    public const string Cancelled = "subscription.cancelled";

    public static readonly string[] All = [Created, Paid, PaymentFailed, PlanChanged, Suspended, Resumed, Cancelled];
}
