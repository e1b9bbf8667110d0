using System.Diagnostics;
using Bibind.Durable.Client;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Postgres;
using Npgsql;

namespace Bibind.Durable.Tests;

/// <summary>A call that is cancelled leaves a connection that the next call can use.</summary>
public sealed class CancelledStatementsTests(DurableCluster cluster)
{
    private const int Rounds = 60;
    private const int CallsPerConnection = 6;

    [Fact]
    public async Task A_call_that_is_cancelled_at_any_instant_does_not_fail_the_next_one()
    {
        var database = await cluster.CreateDatabaseAsync();
        await using (var hub = new PostgresTaskHub(database))
        {
            await hub.InitializeAsync(CancellationToken.None);
            await new TaskHubClient(hub).ScheduleNewOrchestrationInstanceAsync("Main", "1", new HubStartOptions { InstanceId = "one" });
        }

        var name = new NpgsqlConnectionStringBuilder(database.ConnectionString).Database!;
        var random = new Random(1);
        var cancelled = 0;
        for (var round = 0; round < Rounds; round++)
        {
            // One connection, whose statements become prepared ones while they are cancelled.
            await using var source = PostgresTaskHub.CreateDataSource($"{cluster.Server.ConnectionString(name)};Maximum Pool Size=1");
            await using var hub = new PostgresTaskHub(source);
            for (var call = 0; call < CallsPerConnection; call++)
            {
                using var limit = new CancellationTokenSource();
                var sending = Task.Run(() => SendAsync(hub, limit.Token));
                var (begun, wait) = (Stopwatch.GetTimestamp(), TimeSpan.FromMicroseconds(random.Next(3000)));
                while (Stopwatch.GetElapsedTime(begun) < wait)
                {
                    await Task.Yield();
                }

                await limit.CancelAsync();
                try
                {
                    await sending;
                }
                catch (OperationCanceledException)
                {
                    cancelled++;
                }

                await SendAsync(hub, CancellationToken.None);
            }
        }

        Assert.True(cancelled > 0);
    }

    private static async Task SendAsync(PostgresTaskHub hub, CancellationToken cancellationToken)
    {
        await hub.SendAsync("one", new EventRaisedEvent { Name = "say", Input = "\"x\"" }, cancellationToken);
        await hub.LeaseAsync(new LeaseRequest("w", 1, 1, TimeSpan.FromMilliseconds(1), []), cancellationToken);
    }
}
