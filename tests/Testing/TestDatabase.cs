using Bibind.Local;
using Npgsql;

namespace Bibind.Testing;

/// <summary>A database of one test's own, dropped with everything that still holds it.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly EmbeddedPostgres server;
    private readonly List<NpgsqlDataSource> dataSources = [];

    private TestDatabase(EmbeddedPostgres server, string name, string owner)
    {
        this.server = server;
        Name = name;
        Owner = owner;
    }

    public string Name { get; }

    public string Owner { get; }

    /// <summary>As the role that owns it; <c>bibind</c> unless another was asked for.</summary>
    public string ConnectionString => server.ConnectionString(Name, Owner);

    public string SuperuserConnectionString => server.ConnectionString(Name);

    /// <summary>Creates an empty database, or a clone of <paramref name="template"/>.</summary>
    public static async Task<TestDatabase> CreateAsync(string owner = LocalServer.ControlRole, string? template = null)
    {
        var server = await PostgresFixture.GetAsync();
        var name = $"test_{Guid.NewGuid():N}";
        await using var connection = await OpenAsync(server);
        await Sql.RunAsync(
            connection,
            $"CREATE DATABASE {Sql.Name(name)} OWNER {Sql.Name(owner)} TEMPLATE {Sql.Name(template ?? "template1")}",
            CancellationToken.None);
        await LocalServer.CloseAsync(connection, name, CancellationToken.None);
        return new TestDatabase(server, name, owner);
    }

    /// <summary>A pool of connections as the owner, closed with the database.</summary>
    public NpgsqlDataSource OpenDataSource()
    {
        var dataSource = NpgsqlDataSource.Create(ConnectionString);
        dataSources.Add(dataSource);
        return dataSource;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var dataSource in dataSources)
        {
            await dataSource.DisposeAsync();
        }

        await using var connection = await OpenAsync(server);
        await Sql.RunAsync(connection, $"DROP DATABASE IF EXISTS {Sql.Name(Name)} WITH (FORCE)", CancellationToken.None);
    }

    private static async Task<NpgsqlConnection> OpenAsync(EmbeddedPostgres server)
    {
        var connection = new NpgsqlConnection(server.SuperuserConnectionString);
        await connection.OpenAsync();
        return connection;
    }
}
