using System.Net.Sockets;
using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Servers;

/// <summary>Connects to a server's PostgreSQL as provisioning does and checks what provisioning needs.</summary>
public sealed class DatabaseProbe
{
    private const int TimeoutSeconds = 5;

    private const string Question = """
        SELECT current_setting('server_version'),
               me.rolcreatedb OR me.rolsuper,
               application.oid IS NOT NULL,
               application.oid IS NOT NULL AND pg_has_role(me.oid, application.oid, 'MEMBER')
          FROM pg_roles me
          LEFT JOIN pg_roles application ON application.rolname = $1
         WHERE me.rolname = current_user
        """;

    /// <summary>Answers in words; never throws for a cluster that does not answer.</summary>
    public async Task<CheckResult> CheckAsync(ServerConnection server, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        try
        {
            await using var connection = new NpgsqlConnection(ConnectionString(server));
            await connection.OpenAsync(cancellation);
            await using var command = new NpgsqlCommand(Question, connection) { Parameters = { new() { Value = server.ApplicationRole } } };
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            await reader.ReadAsync(cancellation);
            return Judge(server, reader.GetString(0), reader.GetBoolean(1), reader.GetBoolean(2), reader.GetBoolean(3));
        }
        catch (NpgsqlException failure)
        {
            return new CheckResult(false, Explain(failure, server));
        }
        catch (SocketException failure)
        {
            return new CheckResult(false, Explain(failure, server));
        }
        catch (TimeoutException)
        {
            return new CheckResult(false, TimedOut(server));
        }
    }

    private static string ConnectionString(ServerConnection server) => new NpgsqlConnectionStringBuilder
    {
        Host = server.DatabaseHost,
        Port = server.DatabasePort,
        Username = server.DatabaseUser,
        Password = server.DatabasePassword,
        Database = "postgres",
        Timeout = TimeoutSeconds,
        CommandTimeout = TimeoutSeconds,
        Pooling = false,
        ApplicationName = "bibind connection test",
    }.ConnectionString;

    private static CheckResult Judge(ServerConnection server, string version, bool mayCreateDatabases, bool roleExists, bool isMember)
    {
        var (user, role) = (server.DatabaseUser, server.ApplicationRole);
        List<string> faults = [];
        if (!mayCreateDatabases)
        {
            faults.Add($"'{user}' may not create databases: ALTER ROLE \"{user}\" CREATEDB.");
        }

        if (!roleExists)
        {
            faults.Add($"The application's role '{role}' does not exist: create it, or name the one that the application connects as.");
        }
        else if (!isMember)
        {
            faults.Add($"'{user}' may not act for the application's role: GRANT \"{role}\" TO \"{user}\".");
        }

        return faults.Count == 0
            ? new CheckResult(true, $"PostgreSQL {version} answers; '{user}' may create databases and act for '{role}'.")
            : new CheckResult(false, string.Join(' ', faults));
    }

    private static string Explain(Exception failure, ServerConnection server)
    {
        var place = $"{server.DatabaseHost}:{server.DatabasePort}";
        return failure switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                $"The password of '{server.DatabaseUser}' was refused by {place}.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
                $"{place} does not let '{server.DatabaseUser}' in: {refused.MessageText}.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => $"{place} has no connection left.",
            PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } starting => $"{place} is not ready: {starting.MessageText}.",
            PostgresException refused => $"{place} refused: {refused.MessageText} (SQLSTATE {refused.SqlState}).",
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"Nothing listens at {place} (connection refused).",
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
                $"The host name '{server.DatabaseHost}' cannot be resolved.",
            SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => $"{place} cannot be reached from here.",
            SocketException { SocketErrorCode: SocketError.TimedOut } or TimeoutException => TimedOut(server),
            { InnerException: { } inner } => Explain(inner, server),
            EndOfStreamException or IOException => $"{place} ended the connection; it may not be a PostgreSQL server.",
            _ => $"{place} cannot be worked with: {failure.Message}",
        };
    }

    private static string TimedOut(ServerConnection server) =>
        $"{server.DatabaseHost}:{server.DatabasePort} did not answer within {TimeoutSeconds} seconds.";
}
