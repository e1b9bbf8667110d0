using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Opens connections to a server's PostgreSQL.</summary>
public sealed class PostgresConnector(IServerDirectory servers, IDatabaseRegister register, ILogger<PostgresConnector> logger)
{
    private const int ConnectSeconds = 10;

    /// <summary>A pooled session on the maintenance database that shows itself as <paramref name="applicationName"/>.</summary>
    /// <exception cref="PermanentFailureException">The server is unknown or refuses us.</exception>
    /// <exception cref="TransientFailureException">The server cannot be reached now.</exception>
    public async Task<MaintenanceSession> OpenMaintenanceAsync(long serverId, string applicationName, CancellationToken cancellationToken)
    {
        var server = await servers.GetConnectionAsync(serverId, cancellationToken);
        return await PostgresErrors.InWordsAsync(server, MaintenanceSession.Database, async () =>
        {
            var connection = new NpgsqlConnection(Describe(server, MaintenanceSession.Database, pooling: true));
            try
            {
                await connection.OpenAsync(cancellationToken);
                return await MaintenanceSession.BeginAsync(server, connection, register, logger, applicationName, cancellationToken);
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        });
    }

    /// <summary>A connection of its own to one database; never pooled, since an idle session would keep the database from being renamed or dropped.</summary>
    /// <inheritdoc cref="OpenMaintenanceAsync" path="/exception"/>
    public async Task<DatabaseSession> OpenAsync(long serverId, string database, CancellationToken cancellationToken)
    {
        var server = await servers.GetConnectionAsync(serverId, cancellationToken);
        return await PostgresErrors.InWordsAsync(server, database, async () =>
        {
            // A data source of its own: Npgsql would remember one for every database it ever saw.
            var builder = new NpgsqlDataSourceBuilder(Describe(server, database, pooling: false));
            // Base types are enough, and reading the catalogue of types costs more than a short session's work.
            builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
            var source = builder.Build();
            try
            {
                return new DatabaseSession(server, database, source, await source.OpenConnectionAsync(cancellationToken));
            }
            catch
            {
                await source.DisposeAsync();
                throw;
            }
        });
    }

    private static string Describe(ServerConnection server, string database, bool pooling) => new NpgsqlConnectionStringBuilder
    {
        Host = server.DatabaseHost,
        Port = server.DatabasePort,
        Username = server.DatabaseUser,
        Password = server.DatabasePassword,
        Database = database,
        Timeout = ConnectSeconds,
        ApplicationName = "bibind",
        Pooling = pooling,
        MaxPoolSize = 50,
        // Rows could hold what must not reach a log; the maintenance database has none.
        IncludeErrorDetail = pooling,
    }.ConnectionString;
}

/// <summary>A connection to one database of a server.</summary>
public sealed class DatabaseSession(ServerConnection server, string database, NpgsqlDataSource source, NpgsqlConnection connection) : IAsyncDisposable
{
    public ServerConnection Server { get; } = server;
    public NpgsqlConnection Connection { get; } = connection;

    /// <summary>Runs an effect; what PostgreSQL refuses comes out in words.</summary>
    public Task<T> InWordsAsync<T>(Func<Task<T>> effect) => PostgresErrors.InWordsAsync(Server, database, effect);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await source.DisposeAsync();
    }
}
