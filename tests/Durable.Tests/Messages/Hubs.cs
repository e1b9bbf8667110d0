using Bibind.Durable.Hubs.InMemory;
using Bibind.Durable.Postgres;
using Npgsql;

namespace Bibind.Durable.Tests.Messages;

public sealed class InMemoryMessageTable : MessageTable
{
    private readonly ShiftedClock _clock = new();

    protected override Task<TestRuntime> CreateAsync() => Task.FromResult(new TestRuntime(new InMemoryTaskHub(_clock)));

    protected override Task PassTimeAsync(TestRuntime runtime, TimeSpan time)
    {
        _clock.Advance(time);
        return Task.CompletedTask;
    }
}

public sealed class PostgresMessageTable(DurableCluster cluster) : MessageTable
{
    private NpgsqlDataSource? _database;

    protected override async Task<TestRuntime> CreateAsync()
    {
        _database = await cluster.CreateDatabaseAsync();
        var hub = new PostgresTaskHub(_database);
        await hub.InitializeAsync(CancellationToken.None);
        return new TestRuntime(hub, _database);
    }

    // The server's clock cannot be moved, but what waits for it can.
    protected override async Task PassTimeAsync(TestRuntime runtime, TimeSpan time)
    {
        await using var command = _database!.CreateCommand(
            "WITH l AS (UPDATE durable.leases SET starts_at = starts_at - $1) UPDATE durable.messages SET visible_at = visible_at - $1 WHERE visible_at > now()");
        command.Parameters.Add(new NpgsqlParameter<TimeSpan> { TypedValue = time });
        await command.ExecuteNonQueryAsync();
    }
}
