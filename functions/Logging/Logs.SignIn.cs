namespace Bibind.Functions.Logging;

/// <summary>What signing in and the audit log.</summary>
internal static partial class Logs
{
    [LoggerMessage(2430, LogLevel.Error, "What came of {Action} could not be recorded in the audit (trace {TraceId}).")]
    public static partial void AuditNotRecorded(ILogger logger, string action, string traceId, Exception exception);

    [LoggerMessage(2431, LogLevel.Information, "{Actor} signed in at the console as {Role} from {Address} (session {Session}).")]
    public static partial void SignedIn(ILogger logger, string actor, string role, string? address, long session);

    [LoggerMessage(2432, LogLevel.Warning, "A sign-in at the console from {Address} was refused: {Reason}")]
    public static partial void SignInRefused(ILogger logger, string? address, string reason);

    [LoggerMessage(2433, LogLevel.Information, "{Actor} ended session {Session} of the console.")]
    public static partial void SessionEnded(ILogger logger, string actor, long session);

    [LoggerMessage(2434, LogLevel.Warning, "{Actor} made token {Id} ({Name}, {Role}).")]
    public static partial void OperatorTokenMade(ILogger logger, string actor, long id, string name, string role);

    [LoggerMessage(2435, LogLevel.Warning, "{Actor} revoked token {Id} ({Name}).")]
    public static partial void OperatorTokenRevoked(ILogger logger, string actor, long id, string name);

    [LoggerMessage(2436, LogLevel.Error, "The issuer (Auth__Issuer) did not take a code for tokens: {Reason}")]
    public static partial void CodeNotTaken(ILogger logger, string reason, Exception? exception);

    [LoggerMessage(2437, LogLevel.Information, "Forgot {Count} rows of the audit that are older than its retention.")]
    public static partial void AuditPurged(ILogger logger, int count);
}
