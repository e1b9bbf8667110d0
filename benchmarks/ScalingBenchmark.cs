using System.Diagnostics;
using System.Globalization;
using Bibind.Durable;
using Bibind.Durable.Client;
using Bibind.Durable.Postgres;
using Bibind.Durable.Worker;
using Bibind.Local;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;

namespace Bibind.Benchmarks;

/// <summary>What one PostgreSQL that holds nothing but the hub carries, by worker processes and by what has piled up; and what a year comes to.</summary>
internal static class ScalingBenchmark
{
    /// <summary>The argument by which this program becomes one of the worker processes.</summary>
    public const string WorkerArgument = "scaling-worker";
    private const string ConnectionVariable = "BIBIND_WORKER_CONNECTION";
    private const int Concurrency = 100;
    private const int Short = 3;
    private const int Long = 14;

    // What an order or a backup weighs in a history.
    private const int PayloadLength = 400;

    // Tenants.
    private static readonly int[] Sizes = [1_000, 10_000, 100_000];

    public static async Task RunAsync(bool quick)
    {
        await using var postgres = await BenchServer.StartAsync();
        var connection = postgres.ConnectionString(LocalServer.ControlDatabase, LocalServer.ControlRole);
        await using var database = PostgresTaskHub.CreateDataSource(connection);
        await using var hub = new PostgresTaskHub(database);
        await hub.InitializeAsync(CancellationToken.None);
        var client = new TaskHubClient(hub);

        var runs = quick ? 600 : 3000;
        var rates = new Dictionary<int, double>();
        foreach (var processes in new[] { 1, 2, 4 })
        {
            await using var workers = await WorkerProcesses.StartAsync(connection, processes);
            await RunJobsAsync(client, Short, quick ? 300 : 1000);
            rates[processes] = Short * await RunJobsAsync(client, Short, runs);
            Figures.Print(
                $"scaling.workers_{processes}", rates[processes], "activities/s",
                processes == 1 ? $"jobs of {Short} activities, {Concurrency} at once" : Figures.Ratio(rates[processes], rates[1], "one process"));
        }

        await using (await WorkerProcesses.StartAsync(connection, 1))
        {
            await RunJobsAsync(client, Short, quick ? 300 : 1000);
            var cost = await MeasureCostAsync(client, database, quick ? 400 : 1500);
            var finished = quick ? 100_000 : 1_000_000;
            var before = await RunJobsAsync(client, Short, runs);
            await DurableGrowth.FinishAsync(database, finished);
            var after = await RunJobsAsync(client, Short, runs);
            Figures.Print($"scaling.after_{finished}_finished", after * Short, "activities/s", Figures.Ratio(after, before, "before, in the same run"));
            PrintYears(cost, rates[1]);
        }
    }

    /// <summary>Works until its input ends.</summary>
    public static async Task<int> WorkAsync()
    {
        await using var database = PostgresTaskHub.CreateDataSource(Environment.GetEnvironmentVariable(ConnectionVariable)!);
        await using var hub = new PostgresTaskHub(database);
        var registry = new TaskRegistry().AddOrchestrator("Job", _ => new JobOf()).AddActivity("Step", _ => new Step());
        await using var services = new ServiceCollection().BuildServiceProvider();
        await using var worker = new TaskHubWorker(hub, registry, services, new TaskHubWorkerOptions { MaxConcurrentActivities = 128 });
        worker.Start();
        Console.WriteLine("ready");
        await Console.In.ReadToEndAsync();
        return 0;
    }

    /// <summary>Answers the runs a second.</summary>
    private static async Task<double> RunJobsAsync(TaskHubClient client, int activities, int count)
    {
        var order = new Order(activities, new string('x', PayloadLength));
        var watch = Stopwatch.StartNew();
        await Parallel.ForAsync(0, count, new ParallelOptions { MaxDegreeOfParallelism = Concurrency }, async (_, cancellation) =>
            await DurableBenchmark.EndAsync(client, await client.ScheduleNewOrchestrationInstanceAsync("Job", order, cancellation)));
        return count / watch.Elapsed.TotalSeconds;
    }

    private static async Task<RunCost> MeasureCostAsync(TaskHubClient client, NpgsqlDataSource database, int count)
    {
        var few = await CostOfAsync(client, database, Short, count);
        var many = await CostOfAsync(client, database, Long, count);
        double Each(Func<Written, double> part) => (part(many) - part(few)) / (Long - Short);
        double Fixed(Func<Written, double> part) => part(few) - (Short * Each(part));
        var cost = new RunCost(
            Fixed(w => w.Bytes), Each(w => w.Bytes), Fixed(w => w.Commits), Each(w => w.Commits), Fixed(w => w.LogBytes), Each(w => w.LogBytes));
        Figures.Print("scaling.run_bytes", cost.Bytes, "bytes on disk", $"and {cost.BytesPerActivity:0} for each activity");
        Figures.Print("scaling.run_commits", cost.Commits, "transactions", string.Create(CultureInfo.InvariantCulture, $"and {cost.CommitsPerActivity:0.00} for each activity, {Concurrency} runs at once, reads too"));
        Figures.Print("scaling.run_log_bytes", cost.LogBytes, "bytes of log", $"and {cost.LogBytesPerActivity:0} for each activity");
        return cost;
    }

    private static async Task<Written> CostOfAsync(TaskHubClient client, NpgsqlDataSource database, int activities, int count)
    {
        var before = await ReadAsync(database);
        await RunJobsAsync(client, activities, count);
        var after = await ReadAsync(database);
        return new Written((after.Bytes - before.Bytes) / count, (after.Commits - before.Commits) / count, (after.LogBytes - before.LogBytes) / count);
    }

    private static async Task<Written> ReadAsync(NpgsqlDataSource database)
    {
        // PostgreSQL publishes its counters about once a second.
        await Task.Delay(1500);
        await using var command = database.CreateCommand(
            """
            select pg_total_relation_size('durable.instances') + pg_total_relation_size('durable.history') + pg_total_relation_size('durable.payloads'),
                   (select xact_commit from pg_stat_database where datname = current_database()),
                   pg_wal_lsn_diff(pg_current_wal_insert_lsn(), '0/0')::bigint
            """);
        await using var reader = await command.ExecuteReaderAsync();
        await reader.ReadAsync();
        return new Written(reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2));
    }

    private static void PrintYears(RunCost cost, double activitiesPerSecond)
    {
        foreach (var year in Sizes.Select(tenants => ScalingModel.Of(tenants, cost)))
        {
            Figures.Print(
                $"scaling.year_{year.Tenants}_tenants", year.Runs / 1e6, "million runs",
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"{year.Rows / 1e6:0.0} million rows, {year.Gigabytes:0.0} GB on disk, {year.LogGigabytes:0} GB of log, {year.CommitsPerSecond:0.00} commits/s on average, {year.ActivitiesPerSecondAtNight:0.0} activities/s at night = {year.ActivitiesPerSecondAtNight / activitiesPerSecond * 100:0.0} % of one worker process"));
        }

        Figures.Print("scaling.most_tenants", ScalingModel.MostTenants(activitiesPerSecond), "tenants", "whose nights fill what one worker process was measured to do");
    }

    private sealed record Written(double Bytes, double Commits, double LogBytes);

    private sealed record Order(int Activities, string Payload);

    private sealed class JobOf : TaskOrchestrator<Order, int>
    {
        public override async Task<int> RunAsync(TaskOrchestrationContext context, Order input)
        {
            for (var i = 0; i < input.Activities; i++)
            {
                await context.CallActivityAsync<string>("Step", input.Payload);
            }

            return input.Activities;
        }
    }

    private sealed class Step : TaskActivity<string, string>
    {
        public override Task<string> RunAsync(TaskActivityContext context, string input) => Task.FromResult("done");
    }

    private sealed class WorkerProcesses(IReadOnlyList<Process> processes) : IAsyncDisposable
    {
        public static async Task<WorkerProcesses> StartAsync(string connection, int count)
        {
            var processes = Enumerable.Range(0, count).Select(_ =>
            {
                var start = new ProcessStartInfo("dotnet")
                {
                    RedirectStandardInput = true,
                    RedirectStandardOutput = true,
                    ArgumentList = { typeof(ScalingBenchmark).Assembly.Location, WorkerArgument },
                };
                start.Environment[ConnectionVariable] = connection;
                return Process.Start(start)!;
            }).ToList();
            foreach (var process in processes)
            {
                if (await process.StandardOutput.ReadLineAsync() != "ready")
                {
                    throw new InvalidOperationException("A worker process did not start.");
                }
            }

            return new WorkerProcesses(processes);
        }

        public async ValueTask DisposeAsync()
        {
            foreach (var process in processes)
            {
                process.StandardInput.Close();
            }

            foreach (var process in processes)
            {
                await process.WaitForExitAsync();
                process.Dispose();
            }
        }
    }
}
