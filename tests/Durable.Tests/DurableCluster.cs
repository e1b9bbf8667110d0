using Bibind.Durable.Postgres;
using Bibind.Local;
using Bibind.Testing;
using Npgsql;

namespace Bibind.Durable.Tests;

/// <summary>One private PostgreSQL cluster for the whole test process; a database for each test.</summary>
public sealed class DurableCluster : IAsyncLifetime
{
    private EmbeddedPostgres? _server;

    public EmbeddedPostgres Server => _server!;

    public async ValueTask InitializeAsync() =>
        _server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataFolder = PostgresFixture.NewClusterFolder(), Fsync = false, DeleteOnStop = true });

    public async Task<NpgsqlDataSource> CreateDatabaseAsync()
    {
        var name = $"t_{Guid.NewGuid():n}";
        await using (var admin = NpgsqlDataSource.Create(Server.SuperuserConnectionString))
        await using (var create = admin.CreateCommand($"CREATE DATABASE {name}"))
        {
            await create.ExecuteNonQueryAsync();
        }

        return PostgresTaskHub.CreateDataSource(Server.ConnectionString(name));
    }

    public async ValueTask DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }
    }
}
