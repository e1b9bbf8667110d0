using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Tests;
using Bibind.Local;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace Bibind.ControlPlane.Tests;

/// <summary>A private PostgreSQL cluster for this run, with one migrated database to copy.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private const string Migrated = "migrated";
    private EmbeddedPostgres _server = null!;
    private int _databases;

    public async ValueTask InitializeAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Directory.CreateTempSubdirectory("bibind-control-").FullName,
            Fsync = false,
            DeleteOnStop = true,
            MaxConnections = 300,
        });
        await ExecuteAsync($"create database {Migrated}");
        await using var database = NpgsqlDataSource.Create(ConnectionString(Migrated, pooling: false));
        await new ControlDatabaseMigrator(database, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance).ApplyAsync(CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>An empty database.</summary>
    public Task<NpgsqlDataSource> NewDatabaseAsync() => NewDatabaseAsync("template1");

    /// <summary>A control plane on a database of its own, migrated.</summary>
    public async Task<TestPlane> NewPlaneAsync(params (string Key, string Value)[] settings) =>
        new(await NewDatabaseAsync(Migrated), settings);

    private async Task<NpgsqlDataSource> NewDatabaseAsync(string template)
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"create database {name} template {template}");
        return NpgsqlDataSource.Create(ConnectionString(name, pooling: true));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(ConnectionString("postgres", pooling: false));
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private string ConnectionString(string database, bool pooling) =>
        new NpgsqlConnectionStringBuilder(_server.ConnectionString(database)) { Pooling = pooling, MaxPoolSize = 40 }.ConnectionString;
}
