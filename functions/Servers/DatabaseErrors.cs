using System.Globalization;
using System.Net.Sockets;
using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Servers;

/// <summary>Says in words why a server's PostgreSQL cannot be worked with.</summary>
internal static class DatabaseErrors
{
    /// <summary>The words; none of them is a secret.</summary>
    public static string Explain(Exception failure, ServerConnection server, string role, double limitSeconds)
    {
        var place = $"{server.DatabaseHost}:{server.DatabasePort}";
        return failure switch
        {
            PostgresException { SqlState: PostgresErrorCodes.InvalidPassword } =>
                $"The password of '{role}' was refused by {place}.",
            PostgresException { SqlState: PostgresErrorCodes.InvalidAuthorizationSpecification } refused =>
                $"{place} does not let '{role}' in: {refused.MessageText}.",
            PostgresException { SqlState: PostgresErrorCodes.TooManyConnections } => $"{place} has no connection left.",
            PostgresException { SqlState: PostgresErrorCodes.CannotConnectNow } starting => $"{place} is not ready: {starting.MessageText}.",
            PostgresException refused => $"{place} refused: {refused.MessageText} (SQLSTATE {refused.SqlState}).",
            SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"Nothing listens at {place} (connection refused).",
            SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } =>
                $"The host name '{server.DatabaseHost}' cannot be resolved.",
            SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => $"{place} cannot be reached from here.",
            SocketException { SocketErrorCode: SocketError.TimedOut } or TimeoutException => TimedOut(server, limitSeconds),
            { InnerException: { } inner } => Explain(inner, server, role, limitSeconds),
            EndOfStreamException or IOException => $"{place} ended the connection; it may not be a PostgreSQL server.",
            _ => $"{place} cannot be worked with: {failure.Message}",
        };
    }

    /// <summary>It took longer than it may.</summary>
    public static string TimedOut(ServerConnection server, double limitSeconds) =>
        string.Create(CultureInfo.InvariantCulture, $"{server.DatabaseHost}:{server.DatabasePort} did not answer within {limitSeconds:0.#} seconds.");
}
