using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Looks for, publishes and drops databases that carry our mark, and never touches another.</summary>
internal static class MarkedDatabases
{
    private static readonly TimeSpan OrphanLimit = TimeSpan.FromSeconds(15);
    private static readonly TimeSpan OrphanPause = TimeSpan.FromMilliseconds(20);

    private const string LookSql = """
        select pg_get_userbyid(d.datdba)::text, shobj_description(d.oid, 'pg_database'), d.datistemplate, d.datallowconn
        from pg_database d where d.datname = $1
        """;

    private const string MeasureSql =
        "select case when has_database_privilege(oid, 'CONNECT') then pg_database_size(oid) else 0 end from pg_database where datname = $1";

    private const string EndMakersSql = """
        select pg_terminate_backend(pid) from pg_stat_activity where application_name = $1 and pid <> pg_backend_pid()
        """;

    /// <summary>What the server says of a database; null if there is none.</summary>
    public static async Task<DatabaseSight?> LookAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        var found = await session.QueryAsync(
            LookSql,
            row => new DatabaseSight(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1), row.GetBoolean(2), row.GetBoolean(3)),
            cancellationToken,
            name);
        return found.SingleOrDefault();
    }

    /// <summary>
    /// The size of a database in bytes; 0 if there is none, or none that we may know of. It costs PostgreSQL a look at every
    /// file, more than a thousand for an Odoo.
    /// </summary>
    public static async Task<long> MeasureAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await session.QueryAsync(MeasureSql, row => row.GetInt64(0), cancellationToken, name)).SingleOrDefault();
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.UndefinedFile)
        {
            // Dropped between the look at the catalogue and the look at its files.
            return 0;
        }
    }

    /// <summary>
    /// Ends sessions that a crashed attempt left making the database: a CREATE DATABASE goes on when its client is
    /// gone, and would make the database after we found that there was none.
    /// </summary>
    public static async Task EndMakersAsync(MaintenanceSession session, MarkedDatabase target, TimeProvider time, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while ((await session.QueryAsync(EndMakersSql, row => row.GetBoolean(0), cancellationToken, target.Maker)).Count > 0)
        {
            if (time.GetElapsedTime(began) > OrphanLimit)
            {
                throw new TransientFailureException($"An earlier attempt is still making the database '{target.Name}' and does not end.");
            }

            await Task.Delay(OrphanPause, time, cancellationToken);
        }
    }

    /// <summary>The finished database under its final name; null if it is not there.</summary>
    /// <exception cref="PermanentFailureException">The name is taken by a database that is not ours.</exception>
    public static async Task<DatabaseSight?> FindOursAsync(MaintenanceSession session, MarkedDatabase target, CancellationToken cancellationToken)
    {
        var sight = await LookAsync(session, target.Name, cancellationToken);
        return sight is null || target.Marks(sight.Comment)
            ? sight
            : throw new PermanentFailureException(
                $"A database named '{target.Name}' is already there on server '{session.Server.Code}' and is not ours; it was left as it is.");
    }

    /// <summary>True if the database is there under its staging name; complete, since PostgreSQL shows none that is half copied.</summary>
    /// <exception cref="PermanentFailureException">A finished database of somebody else bears that name.</exception>
    public static async Task<bool> IsStagedAsync(MaintenanceSession session, MarkedDatabase target, CancellationToken cancellationToken) =>
        await LookAsync(session, target.StagingName, cancellationToken) is { } staged
        && (IsOurStaging(target, staged)
            ? true
            : throw new PermanentFailureException(
                $"A database named '{target.StagingName}' on server '{session.Server.Code}' is not ours; it was left as it is."));

    /// <summary>Gives the database that was made under the staging name its mark and its final name, all or nothing.</summary>
    public static Task PublishAsync(MaintenanceSession session, MarkedDatabase target, CancellationToken cancellationToken)
    {
        var staging = SqlText.Identifier(target.StagingName);
        return session.ExecuteAsync(
            $"""
            comment on database {staging} is {SqlText.Literal(target.Mark)};
            revoke connect on database {staging} from public;
            alter database {staging} rename to {SqlText.Identifier(target.Name)}
            """,
            cancellationToken);
    }

    /// <summary>Drops what was made for the target, finished or not; succeeds when there is nothing.</summary>
    /// <returns>False if the final name is borne by a database that is not ours, which was left alone.</returns>
    public static async Task<bool> DropAsync(MaintenanceSession session, MarkedDatabase target, TimeProvider time, CancellationToken cancellationToken)
    {
        await EndMakersAsync(session, target, time, cancellationToken);
        if (await LookAsync(session, target.StagingName, cancellationToken) is { } staged && IsOurStaging(target, staged))
        {
            await DropAsync(session, target.StagingName, cancellationToken);
        }

        if (await LookAsync(session, target.Name, cancellationToken) is not { } final)
        {
            return true;
        }

        if (!target.Marks(final.Comment))
        {
            return false;
        }

        await DropAsync(session, target.Name, cancellationToken);
        return true;
    }

    // The name alone proves nothing: a customer may have chosen it, and then the database carries the customer's mark.
    private static bool IsOurStaging(MarkedDatabase target, DatabaseSight staged) => staged.Comment is null || target.Marks(staged.Comment);

    private static async Task DropAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        await ForcedDrop.RunAsync(session, name, cancellationToken);
        if (await LookAsync(session, name, cancellationToken) is not null)
        {
            throw new TransientFailureException($"The database '{name}' is still there after it was dropped.");
        }
    }
}
