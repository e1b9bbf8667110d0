using Dapper;
using Npgsql;

namespace Bibind.ControlPlane;

/// <summary>
/// Makes the second of two equal requests wait until the first has committed or given up. Held until the transaction
/// ends; two different requests whose hashes meet wait too, which costs time and nothing else.
/// </summary>
internal static class RequestLocks
{
    public const int IdempotencyKey = 0x6962_0001;
    public const int WebhookRecord = 0x6962_0002;
    public const int BillingId = 0x6962_0003;
    public const int BillingTenant = 0x6962_0004;
    public const int Timers = 0x6962_0076;
    public const int Registration = 0x6962_0157;

    public static Task TakeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, int family, IEnumerable<string> parts, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            "select pg_advisory_xact_lock(@family, hashtext(@Key))",
            new { family, Key = string.Join('\n', parts) }, transaction, cancellationToken));

    /// <summary>SQL: the same as one statement of several, which answers false; statements after it see what others have committed before they let go.</summary>
    /// <param name="family">One of the constants.</param>
    /// <param name="parameter">The name of the statement's parameter that is the key.</param>
    public static string Take(int family, string parameter) => $"select pg_advisory_xact_lock({family}, hashtext(@{parameter})) is null";
}
