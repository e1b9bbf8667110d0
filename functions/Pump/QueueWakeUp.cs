using Bibind.Functions.Queues;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Pump;

/// <summary>Wakes the pump by a message to its queue.</summary>
internal sealed class QueueWakeUp(HostedQueues queues, ILogger<QueueWakeUp> logger) : IWakeUp
{
    // What SQS can do; Azure Storage could more. A later timer is found by the schedule.
    private static readonly TimeSpan LongestDelay = TimeSpan.FromMinutes(15);

    public async Task SendAsync(TimeSpan delay, CancellationToken cancellationToken)
    {
        try
        {
            await queues.SendAsync(OrchestrationPump.Queue, """{"pump":{}}""", delay < LongestDelay ? delay : LongestDelay, cancellationToken);
        }
        catch (Exception unavailable) when (!cancellationToken.IsCancellationRequested)
        {
            Logs.NotWoken(logger, unavailable);
        }
    }
}
