using Bibind.Local;
using Bibind.Testing;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Hosting;

/// <summary>The real PostgreSQL cluster of all tests, with a template; each host gets a database of its own in it.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    /// <summary>A database that can be attached as a template.</summary>
    public const string TemplateDatabase = "template_blank";

    private EmbeddedPostgres? _postgres;
    private int _databases;

    public EmbeddedPostgres Postgres => _postgres ?? throw new InvalidOperationException("The cluster was not started.");

    public async ValueTask InitializeAsync()
    {
        _postgres = await PostgresFixture.GetAsync();
        await RunAsync($"CREATE DATABASE {TemplateDatabase} OWNER {LocalServer.ApplicationRole}");
        await RunAsync("CREATE ROLE nobody_much LOGIN PASSWORD 'nobody-much-password' NOCREATEDB");
    }

    // The cluster belongs to the process and ends with it.
    public ValueTask DisposeAsync()
    {
        NpgsqlConnection.ClearAllPools();
        return ValueTask.CompletedTask;
    }

    /// <summary>An empty control database; answers its connection string.</summary>
    public async Task<string> CreateControlDatabaseAsync()
    {
        var name = $"control_{Interlocked.Increment(ref _databases)}";
        await RunAsync($"CREATE DATABASE {name} OWNER {LocalServer.ControlRole}");
        await RunAsync($"REVOKE ALL ON DATABASE {name} FROM PUBLIC");
        return Postgres.ConnectionString(name, LocalServer.ControlRole);
    }

    /// <summary>A copy of a control database that nobody works on; answers its connection string.</summary>
    public async Task<string> CopyControlDatabaseAsync(string connectionString)
    {
        var original = new NpgsqlConnectionStringBuilder(connectionString).Database;
        var name = $"control_{Interlocked.Increment(ref _databases)}";
        await RunAsync($"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{original}'");
        await RunAsync($"CREATE DATABASE {name} TEMPLATE {original} OWNER {LocalServer.ControlRole}");
        return Postgres.ConnectionString(name, LocalServer.ControlRole);
    }

    public async Task RunAsync(string sql)
    {
        await using var connection = new NpgsqlConnection(Postgres.SuperuserConnectionString);
        await connection.OpenAsync();
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync();
    }
}
