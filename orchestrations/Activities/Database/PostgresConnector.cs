using System.Collections.Concurrent;
using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>
/// Opens connections to a server's PostgreSQL: the maintenance role on <c>postgres</c>, from which databases are made and dropped, and
/// whoever <see cref="ITenantLogins"/> names in every other database. What lies in those was written by tenants and runs with the rights
/// of who enters: the maintenance role never does.
/// </summary>
public sealed class PostgresConnector(
    IServerDirectory servers, ITenantLogins logins, IDatabaseRegister register, ILogger<PostgresConnector> logger)
{
    private const int ConnectSeconds = 10;

    // By host and port. Which settings there are depends on it, and a setting that is unknown refuses the connection.
    private readonly ConcurrentDictionary<(string Host, int Port), int> _majorVersions = [];

    /// <summary>A pooled session on the maintenance database that shows itself as <paramref name="applicationName"/>.</summary>
    /// <exception cref="PermanentFailureException">The server is unknown or refuses us.</exception>
    /// <exception cref="TransientFailureException">The server cannot be reached now.</exception>
    public async Task<MaintenanceSession> OpenMaintenanceAsync(long serverId, string applicationName, CancellationToken cancellationToken)
    {
        var server = await servers.GetConnectionAsync(serverId, cancellationToken);
        var login = new DatabaseLogin(server.DatabaseUser, server.DatabasePassword);
        return await PostgresErrors.TranslateErrorsAsync(server, login, MaintenanceSession.Database, async () =>
        {
            var connection = new NpgsqlConnection(Describe(server, login, MaintenanceSession.Database, SessionSettings.Maintenance, pooling: true));
            try
            {
                await connection.OpenAsync(cancellationToken);
                _majorVersions[(server.DatabaseHost, server.DatabasePort)] = connection.PostgreSqlVersion.Major;
                return await MaintenanceSession.BeginAsync(server, connection, register, logger, applicationName, cancellationToken);
            }
            catch
            {
                await connection.DisposeAsync();
                throw;
            }
        });
    }

    /// <summary>A connection of its own to the tenant's database.</summary>
    /// <inheritdoc cref="OpenAsync(DatabaseDescriptor, CancellationToken)"/>
    public Task<DatabaseSession> OpenAsync(TenantDescriptor place, CancellationToken cancellationToken) =>
        OpenAsync(DatabaseDescriptor.Of(place), cancellationToken);

    /// <summary>
    /// A connection of its own to a database that tenants or templates are in; never pooled, since an idle session would keep the database
    /// from being renamed or dropped.
    /// </summary>
    /// <exception cref="PermanentFailureException">The server is unknown or refuses us, or nobody may enter the database.</exception>
    /// <exception cref="TransientFailureException">The server cannot be reached now.</exception>
    public async Task<DatabaseSession> OpenAsync(DatabaseDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var entry = await EnterAsync(place, cancellationToken);
        return await PostgresErrors.TranslateErrorsAsync(entry.Server, entry.Login, place.Database, async () =>
        {
            var settings = SessionSettings.Tenant(entry.MajorVersion);
            // A data source of its own: Npgsql would remember one for every database it ever saw.
            var builder = new NpgsqlDataSourceBuilder(Describe(entry.Server, entry.Login, place.Database, settings, pooling: false));
            // Base types are enough, and reading the catalogue of types costs more than a short session's work.
            builder.ConfigureTypeLoading(types => types.EnableTypeLoading(false));
            var source = builder.Build();
            try
            {
                return new DatabaseSession(entry, source, await source.OpenConnectionAsync(cancellationToken));
            }
            catch
            {
                await source.DisposeAsync();
                throw;
            }
        });
    }

    /// <summary>Who enters a database, for programs that connect by themselves.</summary>
    /// <inheritdoc cref="OpenAsync(DatabaseDescriptor, CancellationToken)" path="/exception"/>
    public async Task<DatabaseEntry> EnterAsync(DatabaseDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var server = await servers.GetConnectionAsync(place.ServerId, cancellationToken);
        var login = await logins.FindAsync(server, place, cancellationToken);
        if (!_majorVersions.TryGetValue((server.DatabaseHost, server.DatabasePort), out var major))
        {
            await using var session = await OpenMaintenanceAsync(place.ServerId, "bibind", cancellationToken);
            major = session.MajorVersion;
        }

        return new DatabaseEntry(server, login, place.Database, major);
    }

    private static string Describe(
        ServerConnection server, DatabaseLogin login, string database, IReadOnlyDictionary<string, string> settings, bool pooling) =>
        new NpgsqlConnectionStringBuilder
        {
            Host = server.DatabaseHost,
            Port = server.DatabasePort,
            Username = login.Role,
            Password = login.Password,
            Database = database,
            Timeout = ConnectSeconds,
            ApplicationName = "bibind",
            Pooling = pooling,
            MaxPoolSize = 50,
            Options = SessionSettings.AsOptions(settings),
            // Rows could hold what must not reach a log; the maintenance database has none.
            IncludeErrorDetail = pooling,
        }.ConnectionString;
}

/// <summary>How a database is entered.</summary>
/// <param name="Server">The server that it is on.</param>
/// <param name="Login">Who enters.</param>
/// <param name="Database">Its name.</param>
/// <param name="MajorVersion">PostgreSQL's major version there.</param>
public sealed record DatabaseEntry(ServerConnection Server, DatabaseLogin Login, string Database, int MajorVersion);

/// <summary>A connection to one database of a server.</summary>
public sealed class DatabaseSession(DatabaseEntry entry, NpgsqlDataSource source, NpgsqlConnection connection) : IAsyncDisposable
{
    /// <summary>How it was entered.</summary>
    public DatabaseEntry Entry { get; } = entry;
    public ServerConnection Server => Entry.Server;
    public NpgsqlConnection Connection { get; } = connection;

    /// <summary>Runs work on the server; what PostgreSQL refuses is translated.</summary>
    public Task<T> TranslateErrorsAsync<T>(Func<Task<T>> work) => PostgresErrors.TranslateErrorsAsync(Server, Entry.Login, Entry.Database, work);

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await Connection.DisposeAsync();
        await source.DisposeAsync();
    }
}
