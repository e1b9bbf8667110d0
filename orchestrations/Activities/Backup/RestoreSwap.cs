using System.Globalization;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Backup;

/// <summary>
/// Gives a restored database the tenant's name, and the one that had it away, both or neither. What was replaced is still there
/// afterwards: nothing may come between the new name and the files that follow it.
/// </summary>
internal static class RestoreSwap
{
    private const int MostAttempts = 5;

    /// <summary>The name of what was replaced, until it is dropped.</summary>
    public static string FormerName(TenantPlace place) =>
        string.Create(CultureInfo.InvariantCulture, $"bibind-former-{place.TenantId}-{place.Code}");

    public static async Task RunAsync(
        MaintenanceSession session, string scratch, MarkedDatabase restored, TenantPlace place, string role, bool isThere, CancellationToken cancellationToken)
    {
        var (database, former, fresh) = (SqlText.Identifier(restored.Name), SqlText.Identifier(FormerName(place)), SqlText.Identifier(scratch));
        await ForcedDrop.RunAsync(session, FormerName(place), cancellationToken);
        if (isThere)
        {
            // Nobody comes back between the end of the sessions and the renaming; on failure they may again.
            await session.ExecuteAsync($"alter database {database} allow_connections false", cancellationToken);
        }

        var setAside = isThere ? $"alter database {database} rename to {former};" : string.Empty;
        try
        {
            await RetryWhileInUseAsync(async () =>
            {
                await DatabaseSessions.EndAsync(session, restored.Name, cancellationToken);
                await DatabaseSessions.EndAsync(session, scratch, cancellationToken);
                await session.ExecuteAsync(
                    $"""
                    {setAside}
                    comment on database {fresh} is {SqlText.Literal(restored.Mark)};
                    alter database {fresh} owner to {SqlText.Identifier(session.Server.DatabaseUser)};
                    grant connect, temporary on database {fresh} to {SqlText.Identifier(role)};
                    alter database {fresh} rename to {database}
                    """,
                    cancellationToken);
            });
        }
        catch when (isThere)
        {
            await session.ExecuteAsync($"alter database {database} allow_connections true", CancellationToken.None);
            throw;
        }
    }

    // A session that was told to end needs a moment; PostgreSQL itself waits five seconds for it.
    private static async Task RetryWhileInUseAsync(Func<Task> swap)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await swap();
                return;
            }
            catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.ObjectInUse && attempt < MostAttempts)
            {
                // The sessions are ended again.
            }
        }
    }
}
