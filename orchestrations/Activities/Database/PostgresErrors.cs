using System.Net.Sockets;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Says in words what PostgreSQL answered, and whether trying again can help.</summary>
public static class PostgresErrors
{
    private const int LongestAdvice = 500;

    /// <summary>Runs work on a server; what PostgreSQL refuses is translated.</summary>
    /// <exception cref="PermanentFailureException">Trying again cannot help.</exception>
    /// <exception cref="TransientFailureException">Trying again may help.</exception>
    public static async Task<T> TranslateErrorsAsync<T>(ServerConnection server, DatabaseLogin login, string database, Func<Task<T>> work)
    {
        ArgumentNullException.ThrowIfNull(work);
        try
        {
            return await work();
        }
        catch (NpgsqlException error)
        {
            throw Translate(error, server, login, database);
        }
    }

    /// <summary>The failure in words.</summary>
    public static Exception Translate(NpgsqlException error, ServerConnection server, DatabaseLogin login, string database)
    {
        ArgumentNullException.ThrowIfNull(error);
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(login);
        var where = $"PostgreSQL at {server.DatabaseHost}:{server.DatabasePort}";
        return error is PostgresException answer
            ? Answered(answer, where, login.Role, database)
            : new TransientFailureException(Unanswered(error, where), error);
    }

    private static Exception Answered(PostgresException answer, string where, string user, string database) => answer.SqlState switch
    {
        PostgresErrorCodes.InvalidPassword =>
            Permanent($"{where} refused the password of '{user}': the password stored for the server is wrong."),
        PostgresErrorCodes.InvalidAuthorizationSpecification =>
            Permanent($"{where} does not let '{user}' in: {Said(answer)}."),
        PostgresErrorCodes.InvalidCatalogName =>
            Permanent($"The database '{database}' does not exist on {where}."),
        PostgresErrorCodes.InsufficientPrivilege =>
            Permanent($"'{user}' lacks a privilege on the database '{database}' of {where}: {Said(answer)}."),
        PostgresErrorCodes.DiskFull => Transient($"The disk of {where} is full: {Said(answer)}."),
        PostgresErrorCodes.TooManyConnections => Transient($"{where} has no connection to spare: {Said(answer)}."),
        PostgresErrorCodes.ObjectInUse => Transient($"The database '{database}' on {where} is in use: {Said(answer)}."),
        PostgresErrorCodes.CannotConnectNow => Transient($"{where} is starting up or shutting down."),
        PostgresErrorCodes.AdminShutdown or PostgresErrorCodes.CrashShutdown => Transient($"{where} ended our session."),
        PostgresErrorCodes.QueryCanceled => Transient($"{where} was told to cancel our statement in the database '{database}': {Said(answer)}."),
        PostgresErrorCodes.ReadOnlySqlTransaction =>
            Transient($"{where} only reads, as a standby does, or was told to: {Said(answer)}."),
        _ when AnswersTheSameAgain(answer) =>
            Permanent($"{where} refused a statement in the database '{database}': {Said(answer)} (SQLSTATE {answer.SqlState})."),
        _ => Transient($"{where} failed in the database '{database}': {Said(answer)} (SQLSTATE {answer.SqlState})."),
    };

    private static bool AnswersTheSameAgain(PostgresException answer) => answer.SqlState switch
    {
        // The state of an object. A database that takes no connections now, which ends the session, takes some again.
        PostgresErrorCodes.ObjectNotInPrerequisiteState => answer.InvariantSeverity is not ("FATAL" or "PANIC"),
        PostgresErrorCodes.LockNotAvailable => false,

        // PostgreSQL has no code for a template whose collation has another version than the system's, and says "internal error".
        PostgresErrorCodes.InternalError => answer.Routine == "createdb",
        PostgresErrorCodes.UndefinedFile or PostgresErrorCodes.DuplicateFile
            or PostgresErrorCodes.DataCorrupted or PostgresErrorCodes.IndexCorrupted => true,

        // Data, constraints, names, rights and roles, limits of the program, what the database's own functions raise: its content and
        // set-up, not the moment.
        var state => state[..2] is "0A" or "0L" or "0P" or "20" or "21" or "22" or "23" or "28" or "2B" or "38" or "39" or "3F" or "42" or "44" or "54" or "55" or "P0",
    };

    // What PostgreSQL advises is often the only way out. Details name databases and counts on the maintenance database, and are left
    // out elsewhere: rows could be in them.
    private static string Said(PostgresException answer)
    {
        var words = new List<string> { answer.MessageText };
        if (answer.Detail is { Length: > 0 } detail && !detail.StartsWith("Detail redacted", StringComparison.Ordinal))
        {
            words.Add($"detail: {Cut(detail)}");
        }

        if (answer.Hint is { Length: > 0 } hint)
        {
            words.Add($"hint: {Cut(hint)}");
        }

        return string.Join("; ", words.Select(w => w.TrimEnd('.')));
    }

    private static string Cut(string text) => text.Length <= LongestAdvice ? text : $"{text[..LongestAdvice]}…";

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
