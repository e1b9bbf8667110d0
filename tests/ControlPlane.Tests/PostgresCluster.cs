using Bibind.ControlPlane.Schema;
using Bibind.ControlPlane.Tests;
using Bibind.Local;
using Bibind.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Npgsql;

[assembly: AssemblyFixture(typeof(PostgresCluster))]

namespace Bibind.ControlPlane.Tests;

/// <summary>The private PostgreSQL cluster of this run, with one migrated database to copy for each test.</summary>
public sealed class PostgresCluster : IAsyncLifetime
{
    private const string Migrated = "migrated";
    private EmbeddedPostgres _server = null!;
    private int _databases;

    public async ValueTask InitializeAsync()
    {
        _server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = PostgresFixture.NewClusterFolder(),
            ToolsFolder = Environment.GetEnvironmentVariable("BIBIND_TOOLS"),
            Fsync = false,
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(_server);
        await ExecuteAsync($"create database {Migrated} owner {LocalServer.ControlRole}");
        await using var database = NpgsqlDataSource.Create(ConnectionString(Migrated, pooling: false));
        await new ControlDatabaseMigrator(database, TimeProvider.System, NullLogger<ControlDatabaseMigrator>.Instance).ApplyAsync(CancellationToken.None);
    }

    public ValueTask DisposeAsync() => _server.DisposeAsync();

    /// <summary>How a host connects to a migrated database; nothing may be changed there.</summary>
    public string ConnectionString() => ConnectionString(Migrated, pooling: false);

    /// <summary>An empty database.</summary>
    public Task<NpgsqlDataSource> NewDatabaseAsync() => NewDatabaseAsync("template1");

    /// <summary>A control plane on a database of its own, migrated.</summary>
    public async Task<TestPlane> NewPlaneAsync(params (string Key, string Value)[] settings) =>
        new(await NewDatabaseAsync(Migrated), settings);

    private async Task<NpgsqlDataSource> NewDatabaseAsync(string template)
    {
        var name = $"t{Interlocked.Increment(ref _databases)}";
        await ExecuteAsync($"create database {name} owner {LocalServer.ControlRole} template {template}");
        return NpgsqlDataSource.Create(ConnectionString(name, pooling: true));
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var database = NpgsqlDataSource.Create(_server.SuperuserConnectionString + ";Pooling=false");
        await using var command = database.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private string ConnectionString(string database, bool pooling) =>
        new NpgsqlConnectionStringBuilder(_server.ConnectionString(database, LocalServer.ControlRole)) { Pooling = pooling, MaxPoolSize = 20 }.ConnectionString;
}
