using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Npgsql;
using Xunit;

[assembly: AssemblyFixture(typeof(PostgresServer))]

namespace Bibind.Functions.Tests.Hosting;

/// <summary>One real PostgreSQL cluster for all tests; each host gets a database of its own in it.</summary>
public sealed class PostgresServer : IAsyncLifetime
{
    /// <summary>A database that can be attached as a template.</summary>
    public const string TemplateDatabase = "template_blank";

    private EmbeddedPostgres? _postgres;
    private int _databases;

    public EmbeddedPostgres Postgres => _postgres ?? throw new InvalidOperationException("The cluster was not started.");

    public async ValueTask InitializeAsync()
    {
        _postgres = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions
        {
            DataFolder = Path.Combine(Path.GetTempPath(), $"bibind-doors-{Guid.NewGuid():n}"),
            Fsync = false,
            DeleteOnStop = true,
        });
        await LocalServer.PrepareAsync(_postgres);
        await RunAsync($"CREATE DATABASE {TemplateDatabase} OWNER {LocalServer.ApplicationRole}");
        await RunAsync("CREATE ROLE nobody_much LOGIN PASSWORD 'nobody-much-password' NOCREATEDB");
    }

    public async ValueTask DisposeAsync()
    {
        if (_postgres is not null)
        {
            NpgsqlConnection.ClearAllPools();
            await _postgres.DisposeAsync();
        }
    }

    /// <summary>An empty control database; answers its connection string.</summary>
    public async Task<string> CreateControlDatabaseAsync()
    {
        var name = $"control_{Interlocked.Increment(ref _databases)}";
        await RunAsync($"CREATE DATABASE {name} OWNER {LocalServer.ControlRole}");
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
