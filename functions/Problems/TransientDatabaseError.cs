using System.Net.Sockets;
using Npgsql;

namespace Bibind.Functions.Problems;

/// <summary>Tells a database that is away from one that refuses what we want of it.</summary>
internal static class TransientDatabaseError
{
    /// <summary>
    /// A server that ends or refuses the connection (starting, stopping, full, no such database or role) is away; one that
    /// refuses a statement is a fault of ours.
    /// </summary>
    public static bool Is(Exception exception) => exception switch
    {
        PostgresException refused => refused.InvariantSeverity is "FATAL" or "PANIC" || refused.SqlState[..2] is "08" or "53" or "57" or "58",
        NpgsqlException or SocketException or ControlPlaneNotReadyException => true,
        { InnerException: { } inner } => Is(inner),
        _ => false,
    };

    /// <summary>Why it is away, in a sentence: where it was looked for and what came of it.</summary>
    public static string ReasonOf(Exception exception) => exception switch
    {
        PostgresException refused => $"{refused.MessageText} (SQLSTATE {refused.SqlState})",
        { InnerException: { } inner } when inner is NpgsqlException or SocketException => $"{exception.Message.TrimEnd('.')}: {ReasonOf(inner)}",
        _ => exception.Message.TrimEnd('.'),
    };
}
