using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Postgres;
using Bibind.Durable.WorkerProcess;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.DurableTask;
using Npgsql;

namespace Bibind.Durable.Tests.Crashes;

/// <summary>Real processes killed, the real server restarted, real connections cut: workers recover without help.</summary>
public sealed class ProcessesAndServers(DurableCluster cluster)
{
    private const int StepsOfEach = 20;
    private const int CallsOfEach = StepsOfEach + (StepsOfEach / 5 * 3);

    [Fact]
    public async Task Workers_killed_one_at_a_time_under_load_lose_nothing()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var runtime = await PrepareAsync(database);
        var ids = await StartAsync(runtime, 40);
        var workers = new[] { await WorkerProcess.StartAsync(Connection(database)), await WorkerProcess.StartAsync(Connection(database)) };
        try
        {
            for (var kill = 0; kill < 4; kill++)
            {
                var wanted = (kill + 1) * 40;
                await Eventually.TrueAsync(async () => await CountAsync(database, "SELECT count(*) FROM effects") >= wanted, seconds: 60);
                await workers[kill % 2].KillAsync();
                workers[kill % 2] = await WorkerProcess.StartAsync(Connection(database));
            }

            await VerifyAsync(runtime, ids);
        }
        finally
        {
            await workers[0].DisposeAsync();
            await workers[1].DisposeAsync();
        }
    }

    [Fact]
    public async Task Connections_cut_under_load_are_made_again()
    {
        await using var database = await cluster.CreateDatabaseAsync();
        await using var runtime = await PrepareAsync(database);
        runtime.StartWorker(Quick);
        var ids = await StartAsync(runtime, 20);
        await using var admin = NpgsqlDataSource.Create(cluster.Server.SuperuserConnectionString);
        for (var cut = 1; cut <= 5; cut++)
        {
            var wanted = cut * 40;
            await Eventually.TrueAsync(async () => await TryCountAsync(database) >= wanted, seconds: 60);
            await using var terminate = admin.CreateCommand("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1");
            terminate.Parameters.AddWithValue(new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!);
            await terminate.ExecuteNonQueryAsync();
        }

        await VerifyAsync(runtime, ids);
    }

    [Fact]
    public async Task A_restarted_server_is_waited_for()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"bibind-restart-{Guid.NewGuid():n}");
        var options = new EmbeddedPostgresOptions { DataFolder = folder, Fsync = false };
        var server = await EmbeddedPostgres.StartAsync(options);
        await using var database = NpgsqlDataSource.Create(server.ConnectionString("postgres"));
        await using var runtime = await PrepareAsync(database);
        runtime.StartWorker(Quick);
        var ids = await StartAsync(runtime, 20);
        await Eventually.TrueAsync(async () => await TryCountAsync(database) >= 50, seconds: 60);

        await server.DisposeAsync();
        await using var again = await EmbeddedPostgres.StartAsync(options with { DeleteOnStop = true });

        await VerifyAsync(runtime, ids);
    }

    [Fact]
    public async Task A_promoted_standby_is_found_and_nothing_committed_is_lost()
    {
        var folder = Path.Combine(Path.GetTempPath(), $"bibind-primary-{Guid.NewGuid():n}");
        var primary = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataFolder = folder, Fsync = false, DeleteOnStop = true });
        await using var standby = await Standby.StartAsync(primary);
        var both = new NpgsqlDataSourceBuilder(new NpgsqlConnectionStringBuilder(primary.SuperuserConnectionString)
        {
            Host = $"127.0.0.1:{primary.Port},127.0.0.1:{standby.Port}",
            HostRecheckSeconds = 1,
        }.ConnectionString);
        await using var hosts = both.BuildMultiHost();
        await using var database = hosts.WithTargetSession(TargetSessionAttributes.Primary);
        await using var runtime = await PrepareAsync(database);
        runtime.StartWorker(Quick);
        var ids = await StartAsync(runtime, 20);
        await Eventually.TrueAsync(async () => await TryCountAsync(database) >= 50, seconds: 60);

        await primary.DisposeAsync();
        await standby.PromoteAsync();

        await VerifyAsync(runtime, ids);
    }

    private static void Quick(Worker.TaskHubWorkerOptions options)
    {
        options.LeaseDuration = TimeSpan.FromSeconds(1);
        options.MaxAttemptsWithoutTurn = 1000;
        options.MaxActivityDeliveries = 1000;
    }

    private static async Task<TestRuntime> PrepareAsync(NpgsqlDataSource database)
    {
        var hub = new PostgresTaskHub(database);
        await hub.InitializeAsync(CancellationToken.None);
        await using var create = database.CreateCommand("CREATE TABLE effects (step text PRIMARY KEY, times int NOT NULL DEFAULT 1)");
        await create.ExecuteNonQueryAsync();
        var runtime = new TestRuntime(hub);
        runtime.Registry.AddOrchestrator("Steps", _ => new Steps());
        // A cut connection fails an attempt; the policy of a real activity would ask again, and so does this one.
        runtime.Registry.AddActivity("Step", _ => new PatientStep(database));
        return runtime;
    }

    private static async Task<string[]> StartAsync(TestRuntime runtime, int instances)
    {
        var ids = new string[instances];
        for (var i = 0; i < instances; i++)
        {
            ids[i] = await runtime.Client.ScheduleNewOrchestrationInstanceAsync("Steps", StepsOfEach);
        }

        return ids;
    }

    private static async Task VerifyAsync(TestRuntime runtime, string[] ids)
    {
        foreach (var id in ids)
        {
            await Eventually.TrueAsync(async () => await TryIsCompletedAsync(runtime, id), seconds: 90);
            var end = await runtime.EndAsync(id);
            Assert.Equal(CallsOfEach, end.ReadOutputAs<int>());
            var history = await runtime.Client.GetHistoryAsync(id);
            var called = history.OfType<TaskScheduledEvent>().Select(e => e.EventId).ToArray();
            Assert.Equal(CallsOfEach, called.Length);
            var answered = history.OfType<TaskCompletedEvent>().Select(e => e.TaskScheduledId).Order();
            Assert.True(called.Order().SequenceEqual(answered), $"not every call is answered once:\n{string.Join('\n', history)}");
        }
    }

    private static async Task<bool> TryIsCompletedAsync(TestRuntime runtime, string id)
    {
        try
        {
            return (await runtime.Client.GetStateAsync(id))!.IsCompleted;
        }
        catch (NpgsqlException)
        {
            return false;
        }
    }

    private static async Task<long> TryCountAsync(NpgsqlDataSource database)
    {
        try
        {
            return await CountAsync(database, "SELECT count(*) FROM effects");
        }
        catch (NpgsqlException)
        {
            return 0;
        }
    }

    private static async Task<long> CountAsync(NpgsqlDataSource database, string sql)
    {
#pragma warning disable CA2100 // A constant of this class.
        await using var count = database.CreateCommand(sql);
#pragma warning restore CA2100
        return (long)(await count.ExecuteScalarAsync())!;
    }

    private string Connection(NpgsqlDataSource database) =>
        cluster.Server.ConnectionString(new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!);

    private sealed class PatientStep(NpgsqlDataSource database) : TaskActivity<string, int>
    {
        public override async Task<int> RunAsync(TaskActivityContext context, string input)
        {
            while (true)
            {
                try
                {
                    return await new Step(database).RunAsync(context, input);
                }
                catch (NpgsqlException) when (!context.CancellationToken.IsCancellationRequested)
                {
                    await Task.Delay(20, context.CancellationToken);
                }
            }
        }
    }
}
