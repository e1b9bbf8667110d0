using Bibind.ControlPlane.Billing;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues.Billing;

/// <summary>Comes back to billing's messages that wait: for a number that comes first, for the end of a job, for room on a server.</summary>
public sealed class BillingRetries(BillingHandler handler, BillingBacklog backlog, TimeProvider time, ILogger<BillingRetries> logger) : ITimerFunction
{
    // From then on people should look: what it waits for may never come.
    private static readonly TimeSpan Long = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        foreach (var waiting in await backlog.ListAsync(cancellationToken))
        {
            try
            {
                if (await handler.RetryWaitingAsync(waiting.Tenant, cancellationToken) == 0 && time.GetUtcNow() - waiting.Since > Long)
                {
                    Logs.BillingWaitsLong(logger, waiting.Tenant, waiting.Since, waiting.Messages, waiting.Reason);
                }
            }
            catch (Exception failed) when (!cancellationToken.IsCancellationRequested && !Problems.TransientDatabaseError.Is(failed))
            {
                // One that fails is not in the way of the other tenants'.
                Logs.BillingRetryFailed(logger, waiting.Tenant, failed);
            }
        }
    }
}
