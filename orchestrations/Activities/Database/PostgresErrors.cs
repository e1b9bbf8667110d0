using System.Net.Sockets;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Says in words what PostgreSQL answered, and whether trying again can help.</summary>
public static class PostgresErrors
{
    /// <summary>Runs an effect on a server; what PostgreSQL refuses comes out in words.</summary>
    /// <exception cref="PermanentFailureException">Trying again cannot help.</exception>
    /// <exception cref="TransientFailureException">Trying again may help.</exception>
    public static async Task<T> InWordsAsync<T>(ServerConnection server, DatabaseLogin login, string database, Func<Task<T>> effect)
    {
        ArgumentNullException.ThrowIfNull(effect);
        try
        {
            return await effect();
        }
        catch (NpgsqlException error)
        {
            throw InWords(error, server, login, database);
        }
    }

    /// <summary>The failure in words.</summary>
    public static Exception InWords(NpgsqlException error, ServerConnection server, DatabaseLogin login, string database)
    {
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(login);
        var where = $"PostgreSQL at {server.DatabaseHost}:{server.DatabasePort}";
        return error is PostgresException answer
            ? Answered(answer, where, login.Role, database)
            : new TransientFailureException(Unanswered(error, where));
    }

    private static Exception Answered(PostgresException answer, string where, string user, string database) => answer.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword =>
            Permanent($"{where} refused the password of '{user}': the password stored for the server is wrong."),
        PostgresErrorCodes.InvalidAuthorizationSpecification =>
            Permanent($"{where} does not let '{user}' in: {answer.MessageText}."),
        PostgresErrorCodes.InvalidCatalogName =>
            Permanent($"The database '{database}' does not exist on {where}."),
        PostgresErrorCodes.InsufficientPrivilege =>
            Permanent($"'{user}' lacks a privilege on the database '{database}' of {where}: {answer.MessageText}."),
        PostgresErrorCodes.DiskFull => Transient($"The disk of {where} is full: {answer.MessageText}."),
        PostgresErrorCodes.TooManyConnections => Transient($"{where} has no connection to spare: {answer.MessageText}."),
        PostgresErrorCodes.ObjectInUse => Transient($"The database '{database}' on {where} is in use: {answer.MessageText}."),
        PostgresErrorCodes.CannotConnectNow => Transient($"{where} is starting up or shutting down."),
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => Transient($"{where} ended our session."),
        _ when AnswersTheSameAgain(answer.SqlState) =>
            Permanent($"{where} refused a statement in the database '{database}': {answer.MessageText} (SQLSTATE {answer.SqlState})."),
        _ => Transient($"{where} failed in the database '{database}': {answer.MessageText} (SQLSTATE {answer.SqlState})."),
    };

    // Data exceptions, violated constraints, unknown tables and columns: the template's content, not the moment.
    private static bool AnswersTheSameAgain(string sqlState) =>
        sqlState[..2] is "22" or "23" or "42" or "0A";

    private static string Unanswered(NpgsqlException error, string where) => Innermost(error) switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"{where} cannot be reached: connection refused.",
        SocketException socket => $"{where} cannot be reached: {socket.Message}.",
        TimeoutException => $"{where} did not answer in time.",
        _ => $"The connection to {where} failed: {error.Message}",
    };

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;

    private static PermanentFailureException Permanent(string words) => new(words);

    private static TransientFailureException Transient(string words) => new(words);
}
