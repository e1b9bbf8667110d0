using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Timers alone and against activities.</summary>
internal static class TimerScenarios
{
    public static IEnumerable<Scenario> All =>
    [
        new("timer-single", run => PlayAsync(run, async context =>
        {
            await context.CreateTimer(Milliseconds(30));
            return "fired";
        })),
        new("timers-sequential", run => PlayAsync(run, async context =>
        {
            await context.CreateTimer(Milliseconds(30));
            await context.CreateTimer(Milliseconds(50));
            return "both";
        })),
        new("timer-zero-and-past", run => PlayAsync(run, async context =>
        {
            await context.CreateTimer(context.CurrentUtcDateTime);
            await context.CreateTimer(context.CurrentUtcDateTime.AddSeconds(-1));
            return "both";
        })),
        new("timers-parallel-reverse", run => PlayAsync(run, async context =>
        {
            var order = new List<string>();
            async Task NoteAsync(int milliseconds, string name)
            {
                await context.CreateTimer(Milliseconds(milliseconds));
                order.Add(name);
            }

            await Task.WhenAll(NoteAsync(300, "long"), NoteAsync(30, "short"));
            return string.Join(',', order);
        })),
        new("complete-with-open-timer", run => PlayAsync(run, context =>
        {
            _ = context.CreateTimer(Milliseconds(100));
            return Task.FromResult<object?>("early");
        })),
        new("race-activity-wins-no-cancel", run =>
        {
            run.WorkerTime = SlowMachine;
            return PlayAsync(run, async context =>
            {
                var timer = context.CreateTimer(Milliseconds(200));
                var activity = context.CallAsync("Hello", "x");
                return await Task.WhenAny(activity, timer) == activity ? "activity" : "timer";
            });
        }),
        new("race-activity-wins-cancelled-timer-still-fires", async run =>
        {
            run.Main(async context =>
            {
                using var cancel = new CancellationTokenSource();
                var timer = context.CreateTimer(Milliseconds(150), cancel.Token);
                var activity = context.CallAsync("Hello", "x");
                var winner = await Task.WhenAny(activity, timer);
#pragma warning disable CA1849 // A turn stays on its own thread.
                cancel.Cancel();
#pragma warning restore CA1849
                var raised = await context.WaitForExternalEvent<string>("go");
                return $"{(winner == activity ? "activity" : "timer")}:{(timer.IsCanceled ? "cancelled" : "not")}:{raised}";
            });
            run.WorkerTime = SlowMachine;
            await run.StartAsync();
            await run.SeenAsync<History.TimerFiredEvent>();
            await run.RaiseAsync("go", "g");
            await run.EndAsync();
        }),
        new("race-timer-wins", async run =>
        {
            run.Main(async context =>
            {
                var timer = context.CreateTimer(Milliseconds(30));
                var activity = context.CallAsync("Gated", "slow");
                return await Task.WhenAny(activity, timer) == activity ? "activity" : "timer";
            });
            await run.StartAsync();
            await run.SeenAsync<History.TimerFiredEvent>();
            run.Observed["statusAfterTimerFired"] = (await run.LookAsync()).RuntimeStatus.ToString();
            run.Open("slow");
            await run.EndAsync();
        }),
        new("utc-now-stable", async run =>
        {
            var seen = new[] { new List<DateTime>(), new List<DateTime>(), new List<DateTime>() };
            run.Main(async context =>
            {
                var first = context.CurrentUtcDateTime;
                seen[0].Add(first);
                await context.CallAsync("Hello", "a");
                var second = context.CurrentUtcDateTime;
                seen[1].Add(second);
                await context.CreateTimer(Milliseconds(40));
                var third = context.CurrentUtcDateTime;
                seen[2].Add(third);
                return first < second && second < third ? "increasing" : "not";
            });
            await run.StartAsync();
            await run.EndAsync();
            var turns = run.Hub.Events(GoldenRun.Instance).OfType<History.OrchestratorStartedEvent>().Select(e => e.Timestamp).ToArray();
            run.Observed["stableAcrossReplays"] = seen.All(times => times.Distinct().Count() == 1);
            run.Observed["timesEachPointWasExecuted"] = string.Join(',', seen.Select((times, point) => $"t{point}:{times.Count}"));
            run.Observed["equalsEpisodeStart"] = seen.Select(times => times[0]).SequenceEqual(turns);
        }) { ReplaysEveryTurn = true },
    ];

    // Timers are due by the orchestrators' clock: one that is ahead leaves a slow machine time to be faster than a timer.
    private static StandingClock SlowMachine => new(TimeSpan.FromSeconds(2));

    private static async Task PlayAsync(GoldenRun run, Func<TaskOrchestrationContext, Task<object?>> code)
    {
        run.Main(code);
        await run.StartAsync();
        await run.EndAsync();
    }

    private static TimeSpan Milliseconds(int milliseconds) => TimeSpan.FromMilliseconds(milliseconds);
}
