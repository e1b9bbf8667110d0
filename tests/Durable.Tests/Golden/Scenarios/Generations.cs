using System.Text.Json.Nodes;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Golden.Scenarios;

/// <summary>Continue-as-new.</summary>
internal static class Generations
{
    public static IEnumerable<Scenario> All =>
    [
        new("continue-as-new-twice", async run =>
        {
            run.Main<int>(async (context, n) =>
            {
                await context.CallAsync("Hello", $"gen{n}");
                return n < 2 ? Again(context, n + 1) : n;
            });
            await run.StartAsync(0);
            await run.EndAsync();
        }),
        new("continue-as-new-custom-status", async run =>
        {
            run.Main<int>((context, generation) =>
            {
                if (generation > 0)
                {
                    return Task.FromResult<object?>("end");
                }

                context.SetCustomStatus("gen0");
                return Task.FromResult(Again(context, 1));
            });
            await run.StartAsync(0);
            await run.EndAsync();
        }),
        new("continue-as-new-new-version", async run =>
        {
            run.Orchestrator<string>("Main", (context, _) =>
                {
                    context.ContinueAsNew(new ContinueAsNewOptions { NewInput = "from-1", NewVersion = "2.0" });
                    return Task.FromResult<object?>(null);
                }, "1.0")
                .Orchestrator<string>("Main", (_, input) => Task.FromResult<object?>($"v2 {input}"), "2.0");
            await run.StartAsync("x", version: "1.0");
            await run.EndAsync();
        }),
        new("continue-as-new-with-open-activity", async run =>
        {
            run.Main<int>((context, generation) =>
            {
                if (generation > 0)
                {
                    return Task.FromResult<object?>($"gen{generation}");
                }

                _ = context.CallAsync("Gated", "g");
                return Task.FromResult(Again(context, 1));
            });
            await run.StartAsync(0);
            await run.CommittedAsync();
            run.Observed["executionsAfterFirstEpisode"] = run.Hub.Executions(GoldenRun.Instance).Count;
            run.Open("g");
            await run.EndAsync();
        }),
        new("continue-as-new-events-one-by-one", async run =>
        {
            run.Main<int>(async (context, total) =>
            {
                var raised = await context.WaitForExternalEvent<string>("add");
                return raised == "stop" ? total : Again(context, total + int.Parse(raised, System.Globalization.CultureInfo.InvariantCulture));
            });
            await run.StartAsync(0);
            await run.CommittedAsync();
            await run.RaiseAsync("add", "5");
            await run.CommittedAsync(2);
            await run.RaiseAsync("add", "7");
            await run.CommittedAsync(3);
            await run.RaiseAsync("add", "stop");
            await run.EndAsync();
        }),
        new("continue-as-new-event-resent-by-orchestrator", async run =>
        {
            run.Main<int>(async (context, generation) =>
            {
                if (generation > 0)
                {
                    return await context.WaitForExternalEvent<string>("go");
                }

                await context.CallAsync("Gated", "g");
                context.SendEvent(context.InstanceId, "go", "x");
                // The runtime would carry the unconsumed event over by itself; this orchestrator does it by hand.
                context.ContinueAsNew(1, preserveUnprocessedEvents: false);
                return null;
            });
            await run.StartAsync(0);
            await run.CommittedAsync();
            await run.RaiseAsync("go", "x");
            await run.CommittedAsync(2);
            run.Open("g");
            await run.EndAsync();
        }),
        new Scenario("continue-as-new-unconsumed-event-before-call-lost", async run =>
            {
                run.Main<int>(async (context, generation) =>
                {
                    if (generation == 0)
                    {
                        await context.CallAsync("Gated", "g");
                        return Again(context, 1);
                    }

                    using var cancel = new CancellationTokenSource();
                    var raised = context.WaitForExternalEvent<string>("go");
                    var timer = context.CreateTimer(TimeSpan.FromMilliseconds(60), cancel.Token);
                    if (await Task.WhenAny(raised, timer) != raised)
                    {
                        return "timeout";
                    }

#pragma warning disable CA1849 // A turn stays on its own thread.
                    cancel.Cancel();
#pragma warning restore CA1849
                    return "event";
                });
                await run.StartAsync(0);
                await run.CommittedAsync();
                await run.RaiseAsync("go", "x");
                await run.CommittedAsync(2);
                run.Open("g");
                await run.EndAsync();
            })
            .Differs("events not consumed are carried over, each exactly once, as Durable Task's SDKs do by default", expected =>
            {
                // The next generation begins with the event, so it ends in its first turn: its timer is set and cancelled at once.
                var next = expected.Lines(1);
                next.Insert(2, new JsonObject { ["eventType"] = "EventRaised", ["eventId"] = -1, ["name"] = "go", ["input"] = "\"x\"" });
                RemoveTurnOf(next, "TimerFired");
                var end = next.Select(l => l!.AsObject()).Single(l => (string?)l["eventType"] == "ExecutionCompleted");
                end["result"] = "\"event\"";
                expected.Outcome()["output"] = "\"event\"";
            }),
        new Scenario("continue-as-new-events-not-carried-mode", async run =>
        {
            run.Main<int>(async (context, generation) =>
            {
                using var cancel = new CancellationTokenSource();
                var raised = context.WaitForExternalEvent<string>("add");
                var timer = context.CreateTimer(generation == 0 ? TimeSpan.FromSeconds(60) : TimeSpan.FromMilliseconds(60), cancel.Token);
                if (await Task.WhenAny(raised, timer) == timer)
                {
                    return $"timeout in gen {generation}";
                }

#pragma warning disable CA1849 // A turn stays on its own thread.
                cancel.Cancel();
#pragma warning restore CA1849
                if (generation == 1)
                {
                    return $"got {await raised}";
                }

                context.ContinueAsNew(1, preserveUnprocessedEvents: false);
                return null;
            });
            await run.StartAsync(0);
            await run.CommittedAsync();
            await run.Hub.PauseAsync();
            await run.RaiseAsync("add", "1");
            await run.RaiseAsync("add", "2");
            await run.RaiseAsync("add", "3");
            run.Hub.Resume();
            await run.EndAsync();
        }),
        new("completion-from-old-execution-dropped", async run =>
        {
            run.Main<int>(async (context, generation) =>
            {
                if (generation > 0)
                {
                    return await context.CallAsync("Gated", "g");
                }

                await context.CallAsync("Hello", "x");
                return Again(context, 1);
            });
            await run.StartAsync(0);
            await run.SeenAsync<History.TaskScheduledEvent>(e => e.Name == "Gated");
            var commits = run.Hub.Commits(GoldenRun.Instance);
            await run.InjectAsync(
                run.Hub.Executions(GoldenRun.Instance)[0].ExecutionId, new History.TaskCompletedEvent { TaskScheduledId = 0, Result = "\"stale\"" });
            await run.CommittedAsync(commits + 1);
            run.Open("g");
            await run.EndAsync();
        }),
    ];

    private static object? Again(TaskOrchestrationContext context, object? input)
    {
        context.ContinueAsNew(input);
        return null;
    }

    // The end moves into the turn before: what lies between that turn's end and the execution's end goes.
    private static void RemoveTurnOf(JsonArray lines, string eventType)
    {
        var at = Enumerable.Range(0, lines.Count).Single(i => (string?)lines[i]!["eventType"] == eventType);
        lines.RemoveAt(at);
        lines.RemoveAt(at - 1);
        lines.RemoveAt(at - 2);
    }
}
