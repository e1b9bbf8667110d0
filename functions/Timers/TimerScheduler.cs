using Bibind.Functions.Problems;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>
/// Runs timer functions on hosts that live on: each moment once, whatever the number of machines, and after a time in which
/// none ran the last missed moment once.
/// </summary>
internal sealed class TimerScheduler(
    FunctionDeclarations functions, FunctionRunner runner, IControlPlaneReadiness readiness, IOptions<TimerOptions> options, TimeProvider time,
    ILogger<TimerScheduler> logger)
    : BackgroundService
{
    // Clocks are set, and machines that share a schedule die: nobody sleeps longer than this.
    private static readonly TimeSpan LongestSleep = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        if (options.Value.Enabled)
        {
            await readiness.UntilReadyAsync(stoppingToken);
            await Task.WhenAll(functions.Timers.Select(timer => KeepAsync(timer, stoppingToken)));
        }
    }

    private async Task KeepAsync(TimerFunction timer, CancellationToken stopping)
    {
        var schedule = new CronSchedule(timer.Schedule);
        DateTimeOffset? done = null;
        var pause = FirstPause;
        var isStarting = timer.RunsAtStart;
        while (!stopping.IsCancellationRequested)
        {
            var sleep = LongestSleep;
            try
            {
                var now = time.GetUtcNow();
                if (isStarting)
                {
                    await runner.RunAsync(timer with { IsRecorded = false }, new TimerTick(timer.Name, now), deadline: null, stopping);
                    isStarting = false;
                }

                if (schedule.LatestUntil(now) is { } due && due != done
                    && await runner.RunAsync(timer, new TimerTick(timer.Name, due), deadline: null, stopping))
                {
                    Logs.TimerRan(logger, timer.Name, due);
                    done = due;
                }

                pause = FirstPause;
                var untilNext = schedule.NextAfter(now) - time.GetUtcNow();
                sleep = untilNext < sleep ? untilNext : sleep;
            }
            catch (Exception) when (stopping.IsCancellationRequested)
            {
                return;
            }
            catch (Exception failure)
            {
                Logs.TimerFailed(logger, timer.Name, pause, failure);
                sleep = pause;
                pause = pause * 2 < LongestSleep ? pause * 2 : LongestSleep;
            }

            if (sleep > TimeSpan.Zero)
            {
                await Task.Delay(sleep, time, stopping).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }
}
