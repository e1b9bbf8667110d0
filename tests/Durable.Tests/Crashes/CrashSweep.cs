using System.Globalization;
using Bibind.Durable.Hubs;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Postgres;

namespace Bibind.Durable.Tests.Crashes;

/// <summary>
/// Stops the world at every boundary: after each lease, before and after each commit, each activity and each
/// acknowledgement. <c>BIBIND_CRASH_SEEDS</c> makes the random sweep longer.
/// </summary>
public sealed class CrashSweep(DurableCluster cluster)
{
    private static readonly int Seeds =
        int.TryParse(Environment.GetEnvironmentVariable("BIBIND_CRASH_SEEDS"), NumberStyles.None, CultureInfo.InvariantCulture, out var seeds) ? seeds : 8;

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task A_crash_at_any_one_boundary_loses_and_doubles_nothing_in_memory(int workers) => SweepAsync(InMemory, workers);

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public Task A_crash_at_any_one_boundary_loses_and_doubles_nothing_in_PostgreSQL(int workers) => SweepAsync(PostgresAsync, workers);

    [Fact]
    public Task Crashes_at_random_boundaries_lose_and_double_nothing_in_memory() => RandomAsync(InMemory);

    [Fact]
    public Task Crashes_at_random_boundaries_lose_and_double_nothing_in_PostgreSQL() => RandomAsync(PostgresAsync);

    private static async Task SweepAsync(Func<Task<(ITaskHub, IAsyncDisposable?)>> createHub, int workers)
    {
        var counting = new CrashPlan(new HashSet<int>());
        await RunAsync(createHub, counting, workers, fanOut: 2);
        Assert.True(counting.Passed > 20);
        // How boundaries fall varies a little with timing; a few more than were counted cost nothing.
        await Parallel.ForEachAsync(Enumerable.Range(1, counting.Passed), new ParallelOptions { MaxDegreeOfParallelism = 6 }, async (boundary, _) =>
        {
            try
            {
                await RunAsync(createHub, new CrashPlan(new HashSet<int> { boundary }), workers, fanOut: 2);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"{workers} worker(s), crash at boundary {boundary}: {failure.Message}", failure);
            }
        });
    }

    private static async Task RandomAsync(Func<Task<(ITaskHub, IAsyncDisposable?)>> createHub) =>
        await Parallel.ForEachAsync(Enumerable.Range(1, Seeds), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (seed, _) =>
        {
#pragma warning disable CA5394 // A recorded seed, so that a failure can be repeated.
            var random = new Random(seed);
            var boundaries = Enumerable.Range(0, 6).Select(_ => random.Next(1, 120)).ToHashSet();
            var workers = random.Next(1, 4);
#pragma warning restore CA5394
            try
            {
                await RunAsync(createHub, new CrashPlan(boundaries), workers, fanOut: 12);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"seed {seed}, {workers} worker(s), crashes at {string.Join(',', boundaries)}: {failure.Message}", failure);
            }
        });

    private static async Task RunAsync(Func<Task<(ITaskHub, IAsyncDisposable?)>> createHub, CrashPlan plan, int workers, int fanOut)
    {
        var (hub, owned) = await createHub();
        await using var world = new CrashWorld(hub, owned, plan, fanOut);
        await world.RunAsync(workers);
    }

    private static Task<(ITaskHub, IAsyncDisposable?)> InMemory() => Task.FromResult<(ITaskHub, IAsyncDisposable?)>((new InMemoryTaskHub(), null));

    private async Task<(ITaskHub, IAsyncDisposable?)> PostgresAsync()
    {
        var database = await cluster.CreateDatabaseAsync();
        var hub = new PostgresTaskHub(database);
        await hub.InitializeAsync(CancellationToken.None);
        return (hub, database);
    }
}
