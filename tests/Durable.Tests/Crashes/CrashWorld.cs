using System.Collections.Concurrent;
using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Testing;

namespace Bibind.Durable.Tests.Crashes;

/// <summary>
/// A hub, an orchestration that uses everything, and workers that die where the plan says and are replaced by new ones
/// with empty memory.
/// </summary>
internal sealed class CrashWorld : IAsyncDisposable
{
    private const string Id = "main";
    private readonly ConcurrentDictionary<string, int> _effects = new(StringComparer.Ordinal);
    private readonly RecordingTaskHub _recorder;
    private readonly TestRuntime _runtime;
    private readonly CrashPlan _plan;
    private int _deaths;

    public CrashWorld(ITaskHub hub, IAsyncDisposable? owned, CrashPlan plan, int fanOut)
    {
        _recorder = new RecordingTaskHub(hub);
        _runtime = new TestRuntime(_recorder, owned);
        _plan = plan;
        plan.Died += () =>
        {
            Interlocked.Increment(ref _deaths);
            StartWorker();
        };
        _runtime.Activity<string, string>("Effect", name =>
            {
                _effects.AddOrUpdate(name, 1, (_, times) => times + 1);
                return name;
            })
            .Orchestrator<string, string>("Child", (context, name) => context.CallActivityAsync<string>("Effect", name))
            .Orchestrator<int, string>("Main", async (context, generation) =>
            {
                if (generation > 0)
                {
                    return await context.CallActivityAsync<string>("Effect", "last") + await context.WaitForExternalEvent<string>("late");
                }

                var result = await context.CallActivityAsync<string>("Effect", "first");
                result += string.Concat(await Task.WhenAll(Enumerable.Range(0, fanOut).Select(n => context.CallActivityAsync<string>("Effect", $"fan{n}"))));
                await context.CreateTimer(TimeSpan.FromMilliseconds(5));
                result += await context.WaitForExternalEvent<string>("go");
                result += await context.CallSubOrchestratorAsync<string>("Child", "child");
                context.SetCustomStatus(result);
                context.ContinueAsNew(1);
                return result;
            });
        Expected = $"first{string.Concat(Enumerable.Range(0, fanOut).Select(n => $"fan{n}"))}GOchild";
    }

    private string Expected { get; }

    public async Task RunAsync(int workers)
    {
        await _runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 0, new HubStartOptions { InstanceId = Id });
        await _runtime.Client.RaiseEventAsync(Id, "go", "GO");
        await _runtime.Client.RaiseEventAsync(Id, "late", "LATE");
        for (var worker = 0; worker < workers; worker++)
        {
            StartWorker();
        }

        var end = await _runtime.EndAsync(Id, seconds: 60);
        Assert.Equal("lastLATE", end.ReadOutputAs<string>());
        Assert.Equal(Expected, end.ReadCustomStatusAs<string>());
        // A commit is recorded a little after it is visible: by then another worker may have ended the parent.
        await Eventually.TrueAsync(() => _recorder.Instances().All(i => _recorder.Events(i).Any(e => e is ExecutionCompletedEvent)));
        await VerifyHistoriesAsync();
        foreach (var (effect, times) in _effects)
        {
            Assert.True(times <= 1 + _deaths, $"'{effect}' was done {times} times over {_deaths} crashes");
        }
    }

    public ValueTask DisposeAsync() => _runtime.DisposeAsync();

    private async Task VerifyHistoriesAsync()
    {
        foreach (var instance in _recorder.Instances())
        {
            foreach (var execution in _recorder.Executions(instance))
            {
                var events = execution.Events;
                Assert.Single(events.OfType<ExecutionStartedEvent>());
                Assert.Single(events, e => e is ExecutionCompletedEvent or ContinueAsNewEvent);
                var called = events.OfType<TaskScheduledEvent>().Select(e => e.EventId).ToArray();
                Assert.Equal(called.Distinct(), called);
                Assert.Equal(called.Order(), events.OfType<TaskCompletedEvent>().Select(e => e.TaskScheduledId).Order());
                Assert.Empty(events.OfType<TaskFailedEvent>());
                Assert.Equal(events.OfType<TimerCreatedEvent>().Select(e => e.EventId), events.OfType<TimerFiredEvent>().Select(e => e.TimerId));
                Assert.Equal(
                    events.OfType<SubOrchestrationInstanceCreatedEvent>().Select(e => e.EventId),
                    events.OfType<SubOrchestrationInstanceCompletedEvent>().Select(e => e.TaskScheduledId));
            }

            Assert.Equal(
                HistoryReplay.Write(_recorder.Executions(instance)[^1].Events), HistoryReplay.Write(await _recorder.GetHistoryAsync(instance, CancellationToken.None)));
        }

        // One event for each generation that consumed it; the other was carried over, once.
        var raised = _recorder.Executions(Id).Select(e => e.Events.OfType<EventRaisedEvent>().Select(r => r.Name).Order().ToArray()).ToArray();
        Assert.Equal(["go", "late"], raised[0]);
        Assert.Equal(["late"], raised[1]);
    }

    private void StartWorker()
    {
        var mortal = new MortalWorker(_recorder, _plan);
        _runtime.StartWorker(
            o =>
            {
                (o.LeaseDuration, o.PollInterval) = (TimeSpan.FromSeconds(1), TimeSpan.FromMilliseconds(20));
                (o.FirstBackoff, o.ShutdownTimeout) = (TimeSpan.FromMilliseconds(5), TimeSpan.FromMilliseconds(50));
                o.MaxAttemptsWithoutTurn = 100;
                o.MaxActivityDeliveries = 100;
            },
            mortal,
            mortal);
    }
}
