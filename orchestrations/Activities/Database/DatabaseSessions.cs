using System.Diagnostics;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>
/// Sessions on a database keep it from being cloned, renamed and dropped: they are ended where that is allowed, and named
/// where not. PostgreSQL's own workers are left to PostgreSQL, which ends them itself.
/// </summary>
internal static class DatabaseSessions
{
    private static readonly TimeSpan EndLimit = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan EndPause = TimeSpan.FromMilliseconds(10);

    // Only clients have a user. Their backend_type would say it better, but is hidden from us for other roles' sessions; so may be when they began.
    private const string Sql = """
        select pid, usename::text, coalesce(application_name, ''), to_char(backend_start at time zone 'UTC', 'YYYY-MM-DD HH24:MI')
        from pg_stat_activity where datname = $1 and pid <> pg_backend_pid() and usename is not null order by pid
        """;

    private const string BeyondUsSql = """
        select pid from pg_stat_activity
        where datname = $1 and pid <> pg_backend_pid() and usesysid is not null and not pg_has_role(usesysid, 'member')
        """;

    private sealed record Session(int ProcessId, string User, string Application, string? Since)
    {
        public override string ToString() =>
            (Application.Length == 0 ? User : $"{User} ({Application})") + (Since is null ? string.Empty : $" since {Since} UTC");
    }

    /// <summary>Ends every session on the database that we may end, and waits shortly until they are gone.</summary>
    /// <returns>How many were ended.</returns>
    public static async Task<int> EndAsync(MaintenanceSession session, string database, CancellationToken cancellationToken)
    {
        var ended = new HashSet<int>();
        var refused = new HashSet<int>();
        var began = Stopwatch.StartNew();
        while (true)
        {
            var left = (await ListAsync(session, database, cancellationToken)).Where(s => !refused.Contains(s.ProcessId)).ToList();
            if (left.Count == 0 || began.Elapsed > EndLimit)
            {
                return ended.Count;
            }

            foreach (var other in left)
            {
                if (await MayEndAsync(session, other.ProcessId, cancellationToken))
                {
                    ended.Add(other.ProcessId);
                }
                else
                {
                    refused.Add(other.ProcessId);
                }
            }

            await Task.Delay(EndPause, cancellationToken);
        }
    }

    /// <summary>Who uses the database, for people: <c>odoo (odoo-1234) since 2026-03-01 09:30 UTC, postgres (psql)</c>.</summary>
    public static async Task<string> DescribeAsync(MaintenanceSession session, string database, CancellationToken cancellationToken)
    {
        var sessions = await ListAsync(session, database, cancellationToken);
        return sessions.Count == 0 ? "a session that has ended since" : string.Join(", ", sessions);
    }

    /// <summary>Who uses the database that we may not end, for people; null if nobody does.</summary>
    public static async Task<string?> FindBeyondUsAsync(MaintenanceSession session, string database, CancellationToken cancellationToken)
    {
        var beyond = await session.QueryAsync(BeyondUsSql, row => row.GetInt32(0), cancellationToken, database);
        return beyond.Count == 0
            ? null
            : string.Join(", ", (await ListAsync(session, database, cancellationToken)).Where(s => beyond.Contains(s.ProcessId)));
    }

    private static Task<List<Session>> ListAsync(MaintenanceSession session, string database, CancellationToken cancellationToken) =>
        session.QueryAsync(Sql, row => new Session(row.GetInt32(0), row.GetString(1), row.GetString(2), row.IsDBNull(3) ? null : row.GetString(3)), cancellationToken, database);

    private static async Task<bool> MayEndAsync(MaintenanceSession session, int processId, CancellationToken cancellationToken)
    {
        try
        {
            await session.ExecuteAsync("select pg_terminate_backend($1)", cancellationToken, processId);
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return false;
        }
    }
}
