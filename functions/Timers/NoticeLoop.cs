using Bibind.Activities.Notices;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.Problems;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Sends notices a few seconds after they are due, on hosts that live on.</summary>
internal sealed class NoticeLoop(
    NoticeSender sender, IControlPlaneReadiness readiness, IOptions<NoticeOptions> options, IOptions<TimerOptions> timers, TimeProvider time, ILogger<NoticeLoop> logger)
    : BackgroundService
{
    private static readonly TimeSpan PauseAfterFailure = TimeSpan.FromSeconds(30);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (!options.Value.Enabled || !timers.Value.Enabled)
        {
            return;
        }

        await readiness.UntilReadyAsync(stoppingToken);
        while (!stoppingToken.IsCancellationRequested)
        {
            var pause = options.Value.Interval;
            try
            {
                await sender.RunAsync(stoppingToken);
            }
            catch (Exception) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                pause = PauseAfterFailure;
                Logs.NoticesBrokeOff(logger, pause, failure);
            }

            await Task.Delay(pause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
