using System.Data;
using Bibind.ControlPlane.Databases;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>A session on a server's maintenance database, from which databases are made and dropped.</summary>
public sealed class MaintenanceSession : IAsyncDisposable
{
    internal const string Database = "postgres";

    // Copying or deleting a large database takes minutes; the caller's token still ends it at once.
    private const int CopySeconds = 1800;

    private readonly NpgsqlConnection _connection;

    private MaintenanceSession(ServerConnection server, NpgsqlConnection connection, IDatabaseRegister register, ILogger logger)
    {
        Server = server;
        Register = register;
        Logger = logger;
        _connection = connection;
    }

    public ServerConnection Server { get; }

    /// <summary>Knows which of the server's databases are ours.</summary>
    internal IDatabaseRegister Register { get; }

    internal ILogger Logger { get; }

    /// <summary>PostgreSQL's major version.</summary>
    public int MajorVersion => _connection.PostgreSqlVersion.Major;

    internal static async Task<MaintenanceSession> BeginAsync(
        ServerConnection server, NpgsqlConnection connection, IDatabaseRegister register, ILogger logger, string applicationName,
        CancellationToken cancellationToken)
    {
        var session = new MaintenanceSession(server, connection, register, logger);
        await session.ExecuteAsync("select set_config('application_name', $1, false)", cancellationToken, applicationName);
        return session;
    }

    /// <summary>Runs work on the server; what PostgreSQL refuses is translated that name <paramref name="database"/>.</summary>
    public Task<T> TranslateErrorsAsync<T>(string database, Func<Task<T>> work) => PostgresErrors.TranslateErrorsAsync(
        Server, new DatabaseLogin(Server.DatabaseUser, Server.DatabasePassword), database, work);

    internal async Task ExecuteAsync(string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await LeaseFence.EnsureHeldAsync();
        await using var command = Prepare(sql, parameters);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    internal async Task<List<T>> QueryAsync<T>(
        string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = Prepare(sql, parameters);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        try
        {
            // Back in the pool the session must not look like a maker that a crashed attempt left running.
            if (_connection.FullState == ConnectionState.Open)
            {
                using var cleanup = LeaseFence.SuspendForCleanup();
                await ExecuteAsync("reset application_name", CancellationToken.None);
            }
        }
        catch (NpgsqlException)
        {
            // A session that broke does not go back into the pool, and what broke it is reported by who used it.
        }
        finally
        {
            await _connection.DisposeAsync();
        }
    }

    private NpgsqlCommand Prepare(string sql, object[] parameters)
    {
        // What clears away after a failure comes here, too, when the failure was that the session ended.
        if (_connection.FullState.HasFlag(ConnectionState.Broken) || _connection.FullState == ConnectionState.Closed)
        {
            throw new TransientFailureException(
                $"PostgreSQL on server '{Server.Code}' ended the session: it was restarted, or another attempt of the step has taken over.");
        }

        var command = new NpgsqlCommand(sql, _connection) { CommandTimeout = CopySeconds };
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return command;
    }
}
