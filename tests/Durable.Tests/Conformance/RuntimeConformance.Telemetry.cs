using System.Collections.Concurrent;
using System.Diagnostics;
using System.Diagnostics.Metrics;
using Bibind.Durable.Client;
using Bibind.Durable.Telemetry;
using Bibind.Testing;
using Microsoft.DurableTask;

namespace Bibind.Durable.Tests.Conformance;

/// <summary>What happens can be followed from outside.</summary>
public abstract partial class RuntimeConformance
{
    [Fact]
    public async Task An_orchestration_is_one_trace_over_all_its_workers()
    {
        await using var runtime = await CreateAsync();
        var spans = new ConcurrentQueue<Activity>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name == DurableTelemetry.Name,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = spans.Enqueue,
        };
        ActivitySource.AddActivityListener(listener);
        var attempts = 0;
        runtime.Activity<int, int>("Flaky", n => Interlocked.Increment(ref attempts) == 1 ? throw new InvalidOperationException("not yet") : n)
            .Orchestrator<int, int>("Child", (context, n) => context.CallActivityAsync<int>(
                "Flaky", n, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromMilliseconds(5)) }))
            .Orchestrator<int, int>("Main", (context, n) => context.CallSubOrchestratorAsync<int>("Child", n));
        var first = runtime.StartWorker(o => o.MaxConcurrentActivities = 0);
        var id = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 5);
        await Eventually.TrueAsync(async () => (await runtime.Client.GetHistoryAsync(id)).Count > 3);
        await first.StopAsync();
        runtime.StartWorker();

        await runtime.EndAsync(id);

        var trace = spans.Single(s => s.OperationName == "start Main" && (string?)s.GetTagItem("durable.instance_id") == id).TraceId;
        await Eventually.TrueAsync(() => spans.Any(s => s.TraceId == trace && s.OperationName == "orchestration Main"));
        var names = spans.Where(s => s.TraceId == trace).Select(s => s.OperationName).ToList();
        Assert.Equal(2, names.Count(n => n == "activity Flaky"));
        Assert.Contains("orchestration Child", names);
        var failed = spans.First(s => s.TraceId == trace && s.Status == ActivityStatusCode.Error);
        Assert.Equal("not yet", failed.StatusDescription);
        Assert.Equal(1, failed.GetTagItem("durable.attempt"));
    }

    [Fact]
    public async Task Attempts_failures_and_turns_are_measured()
    {
        await using var runtime = await CreateAsync();
        var name = $"Measured{Guid.NewGuid():n}";
        var measured = new ConcurrentDictionary<string, double>();
        using var listener = new MeterListener
        {
            InstrumentPublished = (instrument, l) =>
            {
                if (instrument.Meter.Name == DurableTelemetry.Name)
                {
                    l.EnableMeasurementEvents(instrument);
                }
            },
        };
        void Add(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
        {
            foreach (var tag in tags)
            {
                if (tag.Value as string == name)
                {
                    measured.AddOrUpdate(instrument.Name, value, (_, sum) => sum + value);
                }
            }
        }

        listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Add(instrument, value, tags));
        listener.SetMeasurementEventCallback<double>((instrument, _, tags, _) => Add(instrument, 1, tags));
        listener.Start();
        var attempts = 0;
        runtime.Activity<int, int>(name, n => Interlocked.Increment(ref attempts) < 3 ? throw new InvalidOperationException("not yet") : n)
            .Orchestrator<int, int>(name, (context, n) => context.CallActivityAsync<int>(
                name, n, new TaskOptions { Retry = new RetryPolicy(3, TimeSpan.FromMilliseconds(5)) }));
        runtime.StartWorker();

        await runtime.RunAsync(name, 5);

        await Eventually.TrueAsync(() => measured.ContainsKey("durable.orchestrations.ended"));
        Assert.Equal(1, measured["durable.orchestrations.started"]);
        Assert.Equal(3, measured["durable.activity.duration"]);
        Assert.Equal(2, measured["durable.activity.retries"]);
        Assert.Equal(2, measured["durable.activity.failures"]);
        Assert.True(measured["durable.turn.duration"] >= 4);
    }

    [Fact]
    public async Task The_backlog_tells_what_waits_and_how_long()
    {
        await using var runtime = await CreateAsync();
        runtime.Activity<int, int>("Work", n => n).Orchestrator<int, int>("Main", (context, n) => context.CallActivityAsync<int>("Work", n));
        Assert.Equal(0, (await runtime.Hub.GetBacklogAsync(CancellationToken.None)).Messages);
        await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Main", 1);

        var backlog = await runtime.Hub.GetBacklogAsync(CancellationToken.None);
        Assert.Equal((1, 0), (backlog.Messages, backlog.Activities));
        Assert.True(backlog.OldestMessage >= TimeSpan.Zero);

        runtime.StartWorker(o => o.MaxConcurrentActivities = 0);
        await Eventually.TrueAsync(async () => await runtime.Hub.GetBacklogAsync(CancellationToken.None) is { Messages: 0, Activities: 1 });
    }
}
