using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Bibind.Testing;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Tests.Golden;

/// <summary>How the work is shared out.</summary>
public enum WorkerLayout
{
    /// <summary>One worker that keeps instances and runs their activities.</summary>
    Together,

    /// <summary>One worker runs orchestrators and remembers nothing, another runs activities: every turn is a replay.</summary>
    Apart,
}

/// <summary>One vector being played: code, gates, outside actions, and what was seen.</summary>
internal sealed class GoldenRun : IAsyncDisposable
{
    public const string Instance = "i1";
    private const string Carrier = "carrier-";
    private readonly ConcurrentDictionary<string, TaskCompletionSource> _gates = new(StringComparer.Ordinal);
    private readonly TestRuntime _runtime;
    private readonly WorkerLayout _layout;
    private bool _working;

    public GoldenRun(TestRuntime runtime, RecordingTaskHub hub, WorkerLayout layout)
    {
        (_runtime, Hub, _layout) = (runtime, hub, layout);
        Activity("Hello", args => $"Hello, {args[0].GetString()}!")
            .Activity("Square", args => args[0].GetInt32() * args[0].GetInt32())
            .Activity("Fail", _ => throw new InvalidOperationException("boom"));
        runtime.Activity<JsonElement[], object?>("Gated", async (context, args) =>
        {
            var gate = args[0].ToString();
            await Gate(gate).Task.WaitAsync(context.CancellationToken);
            return $"done:{gate}";
        });
    }

    public RecordingTaskHub Hub { get; }

    public DurableTaskClient Client => _runtime.Client;

    public TaskRegistry Registry => _runtime.Registry;

    public JsonObject Observed { get; } = [];

    public Action<TaskHubWorkerOptions>? ConfigureWorker { get; set; }

    /// <summary>The workers' clock; the system's unless given.</summary>
    public TimeProvider? WorkerTime { get; set; }

    public TaskCompletionSource Gate(string name) =>
        _gates.GetOrAdd(name, _ => new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));

    public void Open(string gate) => Gate(gate).TrySetResult();

    public int Runs(string activity) => _runtime.Runs.GetValueOrDefault(activity);

    public GoldenRun Activity(string name, Func<JsonElement[], object?> code, string version = "")
    {
        _runtime.Activity<JsonElement[], object?>(name, (_, args) => Task.FromResult(code(args)), version);
        return this;
    }

    /// <summary>Throws "attempt n" until invocation <paramref name="succeedsOn"/>.</summary>
    public GoldenRun Flaky(int succeedsOn) => Activity("Flaky", _ =>
    {
        var invocation = Runs("Flaky");
        return invocation < succeedsOn ? throw new InvalidOperationException($"attempt {invocation}") : $"ok on {invocation}";
    });

    public GoldenRun Orchestrator<TInput>(string name, Func<TaskOrchestrationContext, TInput, Task<object?>> code, string version = "")
    {
        _runtime.Orchestrator<TInput, object?>(name, code, version);
        return this;
    }

    public GoldenRun Main(Func<TaskOrchestrationContext, Task<object?>> code) => Orchestrator<JsonElement?>("Main", (context, _) => code(context));

    public GoldenRun Main<TInput>(Func<TaskOrchestrationContext, TInput, Task<object?>> code) => Orchestrator("Main", code);

    /// <summary>Starts an instance, and the workers with the first one.</summary>
    public Task StartAsync(
        object? input = null, string name = "Main", string instanceId = Instance, string? version = null, IReadOnlyDictionary<string, string>? tags = null)
    {
        Work();
        return Client.ScheduleNewOrchestrationInstanceAsync(
            name, input, new HubStartOptions { InstanceId = instanceId, Version = version, Tags = tags ?? new Dictionary<string, string>() });
    }

    public Task RaiseAsync(string name, object? payload, string instanceId = Instance) => Client.RaiseEventAsync(instanceId, name, payload);

    /// <summary>Waits until an instance has had so many commits.</summary>
    public Task CommittedAsync(int turns = 1, string instanceId = Instance) =>
        Eventually.TrueAsync(() => Hub.Commits(instanceId) >= turns);

    /// <summary>Waits until a line is committed, in whichever execution.</summary>
    public Task SeenAsync<T>(Func<T, bool>? which = null, string instanceId = Instance, int times = 1)
        where T : HistoryEvent =>
        Eventually.TrueAsync(() => Hub.Executions(instanceId).SelectMany(e => e.Events.ToArray()).OfType<T>().Count(which ?? (_ => true)) >= times);

    /// <summary>Waits until an instance has ended and its last commit is recorded.</summary>
    public async Task EndAsync(string instanceId = Instance)
    {
        await _runtime.EndAsync(instanceId);
        await Eventually.TrueAsync(() => Hub.Events(instanceId).Any(e => e is ExecutionCompletedEvent));
    }

    public async Task<OrchestrationState> LookAsync(string instanceId = Instance) => (await Client.GetStateAsync(instanceId))!;

    /// <summary>Sends a message to one execution, by way of another instance's commit.</summary>
    public async Task InjectAsync(string executionId, HistoryEvent message)
    {
        var carrier = $"{Carrier}{Guid.NewGuid():n}";
        Registry.AddOrchestrator(carrier, _ => new Done());
        Hub.Inject(carrier, new OutboundMessage(Instance, executionId, message));
        await Client.ScheduleNewOrchestrationInstanceAsync(carrier, null, new HubStartOptions { InstanceId = carrier });
        await _runtime.EndAsync(carrier);
    }

    /// <summary>What happened, in the shape of <see cref="GoldenVector.Expectation"/>.</summary>
    public async Task<JsonObject> DescribeAsync()
    {
        await Hub.RecordedAsync();
        var ids = Hub.Instances().Where(id => !id.StartsWith(Carrier, StringComparison.Ordinal)).OrderBy(id => id != Instance).ThenBy(id => id, StringComparer.Ordinal).ToArray();
        var actual = new JsonObject();
        var numbers = new List<string>();
        foreach (var id in ids)
        {
            var executions = Hub.Executions(id);
            numbers.AddRange(executions.Select(e => e.ExecutionId));
            var end = await LookAsync(id);
            var outcome = new JsonObject
            {
                ["status"] = end.RuntimeStatus.ToString(),
                ["output"] = end.SerializedOutput,
                ["customStatus"] = end.SerializedCustomStatus,
                ["failureDetails"] = HistoryNormaliser.Write(end.FailureDetails),
            };
            var lines = new JsonArray([.. executions.Select(HistoryNormaliser.Write)]);
            if (id == Instance)
            {
                if (Observed.Count > 0)
                {
                    outcome["observed"] = Observed.DeepClone();
                }

                (actual["outcome"], actual["executions"]) = (outcome, lines);
            }
            else
            {
                actual[id] = new JsonObject { ["outcome"] = outcome, ["executions"] = lines };
            }
        }

        var text = actual.ToJsonString();
        for (var i = 0; i < numbers.Count; i++)
        {
            text = text.Replace(numbers[i], $"<execution-{i + 1}>", StringComparison.Ordinal);
        }

        return JsonNode.Parse(text)!.AsObject();
    }

    public ValueTask DisposeAsync()
    {
        foreach (var gate in _gates.Values)
        {
            gate.TrySetResult();
        }

        return _runtime.DisposeAsync();
    }

    private void Work()
    {
        if (_working)
        {
            return;
        }

        _working = true;
        if (_layout == WorkerLayout.Together)
        {
            _runtime.StartWorker(ConfigureWorker, time: WorkerTime);
            return;
        }

        _runtime.StartWorker(o =>
        {
            (o.MaxConcurrentActivities, o.CachedInstances) = (0, 0);
            ConfigureWorker?.Invoke(o);
        }, time: WorkerTime);
        _runtime.StartWorker(o => o.MaxHeldInstances = 0);
    }

    private sealed class Done : TaskOrchestrator<string?, string?>
    {
        public override Task<string?> RunAsync(TaskOrchestrationContext context, string? input) => Task.FromResult<string?>(null);
    }
}

/// <summary>Durable Task passes an activity's arguments as an array.</summary>
internal static class ArgumentArrays
{
    public static Task<T> CallAsync<T>(this TaskOrchestrationContext context, string activity, params object?[] arguments) =>
        context.CallActivityAsync<T>(activity, arguments);

    public static Task<string> CallAsync(this TaskOrchestrationContext context, string activity, params object?[] arguments) =>
        context.CallActivityAsync<string>(activity, arguments);
}
