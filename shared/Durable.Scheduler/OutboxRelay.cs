using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Scheduler;

/// <summary>Delivers what the outbox holds, as long as the process lives. All processes may run one; the outbox lets one at a time work.</summary>
internal sealed class OutboxRelay(
    IOrchestrationOutbox outbox, OutboxClient client, Func<CancellationToken, Task> until, TimeProvider time, ILogger<OutboxRelay> logger) : BackgroundService
{
    // A notification comes sooner; this finds what came while the connection for them was broken.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var pause = FirstPause;
        try
        {
            await until(stoppingToken);
            while (true)
            {
                try
                {
                    if (await outbox.RelayAsync(client.DeliverAsync, stoppingToken) == 0)
                    {
                        await outbox.WaitAsync(LookInterval, stoppingToken);
                    }

                    pause = FirstPause;
                }
                catch (Exception unavailable) when (!stoppingToken.IsCancellationRequested)
                {
                    Logs.OutboxUnavailable(logger, unavailable, pause);
                    await Task.Delay(pause * (0.5 + Random.Shared.NextDouble()), time, stoppingToken);
                    pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
                }
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
        }
    }
}
