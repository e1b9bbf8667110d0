using System.Diagnostics;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Postgres;
using Bibind.Durable.Worker;
using Bibind.Local;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>The durable runtime on PostgreSQL, everything persisted, against PostgreSQL's own floor in the same run.</summary>
internal static class DurableBenchmark
{
    private const int ActivitiesPerSequence = 5;

    public static async Task RunAsync(bool quick)
    {
        await using var postgres = await BenchServer.StartAsync();
        await using var database = PostgresTaskHub.CreateDataSource(postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole));
        await using var hub = new PostgresTaskHub(database);
        await hub.InitializeAsync(CancellationToken.None);
        var registry = new TaskRegistry()
            .AddOrchestrator("Sequence", _ => new Sequence())
            .AddOrchestrator("FanOut", _ => new FanOut())
            .AddOrchestrator("Wait", _ => new DurableGrowth.Wait())
            .AddOrchestrator("Long", _ => new DurableGrowth.Long())
            .AddActivity("Add", _ => new Add());
        var options = new TaskHubWorkerOptions { MaxConcurrentActivities = 128 };
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var worker = new TaskHubWorker(hub, registry, services, options);
        worker.Start();
        var client = new TaskHubClient(hub);

        var floor = await MeasureFloorAsync(database, quick);
        // What is measured is the runtime, not its compilation.
        await RunSequencesAsync(client, 50, quick ? 1000 : 3000);
        await RunSequencesAsync(client, 1, 100);
        foreach (var (concurrency, count) in quick ? new[] { (1, 200), (50, 1500) } : [(1, 500), (10, 2000), (50, 5000), (100, 5000)])
        {
            await MeasureSequencesAsync(client, database, concurrency, count, floor);
        }

        await MeasureFanOutAsync(client, 100, quick ? 5 : 11);
        await MeasureFanOutAsync(client, 1000, quick ? 5 : 11);
        await new DurableGrowth(client, database, RunSequencesAsync).MeasureAsync(quick);
        await MeasureIdleAsync(quick ? 5 : 20);
        await worker.StopAsync();
        await MeasureInMemoryAsync(registry, services, options, quick ? 200 : 500);
    }

    private static async Task<double> MeasureFloorAsync(NpgsqlDataSource database, bool quick)
    {
        await using var connection = await database.OpenConnectionAsync();
        await using (var create = new NpgsqlCommand("create table if not exists durable_floor (id bigint generated always as identity primary key, body text)", connection))
        {
            await create.ExecuteNonQueryAsync();
        }

        await using var insert = new NpgsqlCommand("insert into durable_floor (body) values ($1)", connection) { Parameters = { new() { Value = new string('x', 200) } } };
        await insert.PrepareAsync();
        var commits = quick ? 1000 : 5000;
        var watch = Stopwatch.StartNew();
        for (var i = 0; i < commits; i++)
        {
            await insert.ExecuteNonQueryAsync();
        }

        var rate = commits / watch.Elapsed.TotalSeconds;
        Figures.Print("durable.floor_commits", rate, "insert+commit/s on one connection");
        return rate;
    }

    private static async Task MeasureSequencesAsync(TaskHubClient client, NpgsqlDataSource database, int concurrency, int count, double floor)
    {
        var before = await CommitsAsync(database);
        var watch = Stopwatch.StartNew();
        var times = await RunSequencesAsync(client, concurrency, count);
        var seconds = watch.Elapsed.TotalSeconds;
        // The waiting clients read too; only the statements that write are the runtime's commits.
        var written = await CommitsAsync(database) - before;
        var activities = (double)count * ActivitiesPerSequence;
        Figures.Print($"durable.sequence5_c{concurrency}", count / seconds, "orchestrations/s", Figures.Ratio(activities / seconds, floor, "activities per bare commit"));
        Figures.Print($"durable.sequence5_c{concurrency}_p50", Figures.Median(times), "ms");
        Figures.Print($"durable.sequence5_c{concurrency}_p95", Figures.Percentile(times, 95), "ms");
        Figures.Print($"durable.sequence5_c{concurrency}_commits", written / activities, "commits per activity", "every transaction of the database, reads too");
    }

    // Nothing is stored, so all that an orchestration waits for is the runtime itself.
    private static async Task MeasureInMemoryAsync(TaskRegistry registry, IServiceProvider services, TaskHubWorkerOptions options, int count)
    {
        await using var hub = new InMemoryTaskHub();
        await using var worker = new TaskHubWorker(hub, registry, services, options);
        worker.Start();
        var client = new TaskHubClient(hub);
        await RunSequencesAsync(client, 1, 100);
        var times = await RunSequencesAsync(client, 1, count);
        Figures.Print("durable.memory_sequence5_c1_p50", Figures.Median(times), "ms", "on the in-memory hub: the runtime's own wait");
        Figures.Print("durable.memory_sequence5_c1_p95", Figures.Percentile(times, 95), "ms");
    }

    private static async Task<IReadOnlyCollection<double>> RunSequencesAsync(TaskHubClient client, int concurrency, int count)
    {
        var times = new System.Collections.Concurrent.ConcurrentBag<double>();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = concurrency }, async (i, _) =>
        {
            var watch = Stopwatch.StartNew();
            await EndAsync(client, await client.ScheduleNewOrchestrationInstanceAsync("Sequence", i, cancellation: default));
            times.Add(watch.Elapsed.TotalMilliseconds);
        });
        return times;
    }

    private static async Task MeasureFanOutAsync(TaskHubClient client, int width, int runs)
    {
        var times = new List<double>();
        for (var run = 0; run < runs; run++)
        {
            var watch = Stopwatch.StartNew();
            await EndAsync(client, await client.ScheduleNewOrchestrationInstanceAsync("FanOut", width));
            times.Add(watch.Elapsed.TotalMilliseconds);
        }

        Figures.Print($"durable.fanout_{width}", Figures.Median(times), "ms", $"{width / Figures.Median(times) * 1000:0} activities/s");
    }

    private static async Task MeasureIdleAsync(int seconds)
    {
        var process = Process.GetCurrentProcess();
        var before = process.TotalProcessorTime;
        await Task.Delay(TimeSpan.FromSeconds(seconds));
        process.Refresh();
        Figures.Print("durable.idle_cpu", (process.TotalProcessorTime - before).TotalSeconds / seconds * 100, "% of one core");
    }

    public static async Task EndAsync(TaskHubClient client, string instanceId)
    {
        var end = await client.WaitForEndAsync(instanceId);
        if (end.RuntimeStatus != OrchestrationRuntimeStatus.Completed)
        {
            throw new InvalidOperationException($"{instanceId}: {end.FailureDetails}");
        }
    }

    private static async Task<long> CommitsAsync(NpgsqlDataSource database)
    {
        // PostgreSQL publishes its counters about once a second.
        await Task.Delay(1500);
        await using var command = database.CreateCommand("select xact_commit from pg_stat_database where datname = current_database()");
        return (long)(await command.ExecuteScalarAsync())!;
    }

    private sealed class Sequence : TaskOrchestrator<int, int>
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, int input)
        {
            for (var i = 0; i < ActivitiesPerSequence; i++)
            {
                input = await context.CallActivityAsync<int>("Add", input);
            }

            return input;
        }
    }

    private sealed class FanOut : TaskOrchestrator<int, int>
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, int input) =>
            (await Task.WhenAll(Enumerable.Range(0, input).Select(i => context.CallActivityAsync<int>("Add", i)))).Length;
    }

    private sealed class Add : TaskActivity<int, int>
    {
        public override Task<int> RunAsync(TaskActivityContext context, int input) => Task.FromResult(input + 1);
    }
}
