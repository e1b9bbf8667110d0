using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Durable.Hubs;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Postgres;
using Bibind.Durable.Tests.Golden.Scenarios;

namespace Bibind.Durable.Tests.Golden;

/// <summary>Plays every vector recorded on the Durable Task Framework and compares outcome and history.</summary>
public abstract class GoldenConformance
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    private static readonly IReadOnlyDictionary<string, Scenario> Scenarios = new[]
    {
        Sequences.All, ActivityFailures.All, RetryScenarios.All, TimerScenarios.All, EventScenarios.All, Children.All, Generations.All,
        Interruptions.All, ChangedCode.All, Starts.All,
    }.SelectMany(all => all).ToDictionary(s => s.Name, StringComparer.Ordinal);

    public static TheoryData<string> Vectors() => [.. GoldenVector.Names()];

    private protected abstract WorkerLayout Layout { get; }

    protected abstract Task<(ITaskHub Hub, IAsyncDisposable? Owned)> CreateHubAsync();

    [Fact]
    public void Every_vector_has_a_scenario_and_every_scenario_a_vector() =>
        Assert.Equal(GoldenVector.Names(), Scenarios.Keys.Order(StringComparer.Ordinal));

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task Outcome_and_history_are_those_of_Durable_Task(string vector)
    {
        var golden = GoldenVector.Read(vector);
        var scenario = Scenarios[vector];
        var (inner, owned) = await CreateHubAsync();
        var hub = new RecordingTaskHub(inner);
        await using var run = new GoldenRun(new TestRuntime(hub, owned), hub, scenario.ReplaysEveryTurn ? WorkerLayout.Apart : Layout);

        await scenario.PlayAsync(run);

        var expected = golden.Expectation();
        var differences = scenario.Apply(expected);
        var actual = await run.DescribeAsync();
        if (golden.IsUnordered)
        {
            (expected, actual) = (Unordered(expected), Unordered(actual));
        }

        if (!JsonNode.DeepEquals(expected, actual))
        {
            Assert.Fail($"{vector} (meant to differ: {differences})\n{Difference(Text(expected), Text(actual))}");
        }
    }

    // The order of answers, and how they group into turns, may vary; calls are in the order of their ids and the end is last.
    private static JsonObject Unordered(JsonObject description)
    {
        var lines = description.Lines()
            .Select(l => l!.DeepClone().AsObject())
            .Where(l => (string?)l["eventType"] is not ("OrchestratorStarted" or "OrchestratorCompleted"))
            .ToArray();
        var called = lines.Where(l => (string?)l["eventType"] == "TaskScheduled").Select(l => (int)l["eventId"]!).ToArray();
        Assert.Equal(called.Order(), called);
        Assert.Equal("ExecutionCompleted", (string?)lines[^1]["eventType"]);
        return new JsonObject
        {
            ["outcome"] = description["outcome"]!.DeepClone(),
            ["lines"] = new JsonArray([.. lines.OrderBy(l => l.ToJsonString(), StringComparer.Ordinal)]),
        };
    }

    private static string[] Text(JsonObject description) => description.ToJsonString(Indented).Split('\n');

    private static string Difference(string[] expected, string[] actual)
    {
        var at = Enumerable.Range(0, Math.Min(expected.Length, actual.Length)).FirstOrDefault(i => expected[i] != actual[i]);
        return $"from line {at}, expected:\n{Around(expected, at)}\nactual:\n{Around(actual, at)}";
    }

    private static string Around(string[] lines, int at) => string.Join('\n', lines.Skip(Math.Max(0, at - 6)).Take(30));
}

public sealed class InMemoryGolden : GoldenConformance
{
    private protected override WorkerLayout Layout => WorkerLayout.Together;

    protected override Task<(ITaskHub Hub, IAsyncDisposable? Owned)> CreateHubAsync() =>
        Task.FromResult<(ITaskHub, IAsyncDisposable?)>((new InMemoryTaskHub(), null));
}

public sealed class InMemoryReplayedGolden : GoldenConformance
{
    private protected override WorkerLayout Layout => WorkerLayout.Apart;

    protected override Task<(ITaskHub Hub, IAsyncDisposable? Owned)> CreateHubAsync() =>
        Task.FromResult<(ITaskHub, IAsyncDisposable?)>((new InMemoryTaskHub(), null));
}

public sealed class PostgresGolden(DurableCluster cluster) : GoldenConformance
{
    private protected override WorkerLayout Layout => WorkerLayout.Together;

    protected override async Task<(ITaskHub Hub, IAsyncDisposable? Owned)> CreateHubAsync()
    {
        var database = await cluster.CreateDatabaseAsync();
        var hub = new PostgresTaskHub(database);
        await hub.InitializeAsync(CancellationToken.None);
        return (hub, database);
    }
}
