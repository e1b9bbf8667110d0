using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Recovery;

/// <summary>
/// Where the control database lives: on which server, as which database. A copy of it knows as much as the original; if hosts worked on both,
/// each would take the other's tenants for leftovers. So a copy is served only after somebody has said that it takes the original's place.
/// </summary>
public sealed class InstallationHome(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>
    /// How many ids are passed over in a copy that takes the place of the original: what was made since the copy bears ids that must not be given
    /// to others.
    /// </summary>
    public const long IdsSkipped = 100_000;

    private const string HereSql =
        "select s.system_identifier as SystemIdentifier, d.oid as DatabaseOid from pg_control_system() s, pg_database d where d.datname = current_database()";

    private const string RecordedSql = "select system_identifier as SystemIdentifier, database_oid as DatabaseOid, recorded_at as RecordedAt from control.installation";

    // Outside of what is restored, so that it is there before the copy is and stays until the copy has taken over.
    private const string RestoreSchema = "bibind_restore";

    /// <summary>Refuses a copy, and changes nothing: a database of an older version is looked at before it is migrated.</summary>
    /// <exception cref="CopiedInstallationException">This is a copy.</exception>
    /// <exception cref="UnfinishedRestoreException">A restore into this database was begun and did not end.</exception>
    public async Task RefuseCopyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await RefuseUnfinishedRestoreAsync(connection, cancellationToken);
        if (await HasInstallationAsync(connection, null, cancellationToken) && await FindHereAsync(connection, null, cancellationToken) is { } here)
        {
            Compare(here, await connection.QuerySingleOrDefaultAsync<Recorded>(Sql.Command(RecordedSql, null, cancellationToken)));
        }
    }

    /// <summary>Notes that a restore into this empty database begins: no host starts on it until <see cref="TakeOverAsync"/> has ended it.</summary>
    /// <exception cref="UnfinishedRestoreException">One did not end that had restored its backup already.</exception>
    /// <exception cref="InvalidOperationException">The database is not empty.</exception>
    public async Task BeginRestoreAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select to_regnamespace('control') is not null or to_regnamespace('durable') is not null", null, cancellationToken)))
        {
            await RefuseUnfinishedRestoreAsync(connection, cancellationToken);
            throw new InvalidOperationException(
                $"The database '{connection.Database}' holds an installation, and nothing is restored over one. Make an empty one (create database …) and name it in ControlDatabase.");
        }

        await connection.ExecuteAsync(Sql.Command($"create schema if not exists {RestoreSchema}", null, cancellationToken));
    }

    /// <summary>Records the place at the first start; later compares it.</summary>
    /// <exception cref="CopiedInstallationException">This is a copy.</exception>
    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (await FindHereAsync(connection, null, cancellationToken) is not { } here)
        {
            return;
        }

        Compare(here, await connection.QuerySingleOrDefaultAsync<Recorded>(Sql.Command(
            $"""
            insert into control.installation as i (system_identifier, database_oid, recorded_at)
            values (@SystemIdentifier, @DatabaseOid, @Now) on conflict (only_one) do nothing;
            {RecordedSql}
            """,
            new { here.SystemIdentifier, DatabaseOid = (int)here.DatabaseOid, Now = time.GetUtcNow() }, cancellationToken)));
    }

    /// <summary>
    /// Lets this database take the place of the one that it is a copy of: the ids that the original may have given out since are passed over, and
    /// hosts may start.
    /// </summary>
    /// <returns>When the copy was made, as far as it can be told from it.</returns>
    /// <exception cref="InvalidOperationException">There is no installation in this database.</exception>
    public async Task<DateTimeOffset> TakeOverAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await HasInstallationAsync(connection, transaction, cancellationToken))
        {
            throw new InvalidOperationException("There is no installation in this database. Restore one first: Bibind.Functions restore control FILE (docs/disaster.md).");
        }

        var here = await FindHereAsync(connection, transaction, cancellationToken);
        var stateOf = await connection.ExecuteScalarAsync<DateTime?>(Sql.Command(
            """
            select coalesce(
              (select began_at from control.control_backups where completed_at is null order by id desc limit 1),
              (select max(created_at) from control.jobs))
            """, null, transaction, cancellationToken)) is { } at ? new DateTimeOffset(at, TimeSpan.Zero) : time.GetUtcNow();
        await connection.ExecuteAsync(Sql.Command(
            """
            select setval(format('%I.%I', schemaname, sequencename)::regclass, coalesce(last_value, 0) + @IdsSkipped)
            from pg_sequences where schemaname = 'control';
            update control.control_backups set completed_at = @Now where completed_at is null;
            insert into control.takeovers (at, state_of, ids_skipped) values (@Now, @stateOf, @IdsSkipped);
            delete from control.installation;
            """, new { IdsSkipped, Now = time.GetUtcNow(), stateOf }, transaction, cancellationToken));
        if (here is not null)
        {
            await connection.ExecuteAsync(Sql.Command(
                "insert into control.installation (system_identifier, database_oid, recorded_at) values (@SystemIdentifier, @DatabaseOid, @Now)",
                new { here.SystemIdentifier, DatabaseOid = (int)here.DatabaseOid, Now = time.GetUtcNow() }, transaction, cancellationToken));
        }

        await connection.ExecuteAsync(Sql.Command($"drop schema if exists {RestoreSchema}", null, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return stateOf;
    }

    private static void Compare(Place here, Recorded? recorded)
    {
        if (recorded is not null && (recorded.SystemIdentifier, recorded.DatabaseOid) != (here.SystemIdentifier, here.DatabaseOid))
        {
            throw new CopiedInstallationException(recorded.RecordedAt);
        }
    }

    private static Task<bool> HasInstallationAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command("select to_regclass('control.installation') is not null", null, transaction, cancellationToken));

    private static async Task RefuseUnfinishedRestoreAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        if (await connection.ExecuteScalarAsync<bool>(Sql.Command($"select to_regnamespace('{RestoreSchema}') is not null", null, cancellationToken)))
        {
            throw new UnfinishedRestoreException(await HasInstallationAsync(connection, null, cancellationToken));
        }
    }

    // Some providers of PostgreSQL keep the function for themselves: then a copy cannot be told from the original.
    private static async Task<Place?> FindHereAsync(NpgsqlConnection connection, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        await connection.ExecuteScalarAsync<bool>(Sql.Command("select has_function_privilege('pg_control_system()', 'execute')", null, transaction, cancellationToken))
            ? await connection.QuerySingleAsync<Place>(Sql.Command(HereSql, null, transaction, cancellationToken))
            : null;

    private sealed record Place(long SystemIdentifier, uint DatabaseOid);

    private sealed record Recorded(long SystemIdentifier, uint DatabaseOid, DateTimeOffset RecordedAt);
}

/// <summary>The control database is a copy of another one.</summary>
public sealed class CopiedInstallationException(DateTimeOffset recordedAt) : Exception(
    $"This control database is a copy: its original was recorded at another place on {recordedAt:yyyy-MM-dd} (another server, or another database of it). " +
    "If nothing works on the original any more and this one takes its place, run: Bibind.Functions restore take-over (docs/disaster.md). " +
    "If it is for trying something out, give it servers, zones and buckets of its own first.");

/// <summary>A restore into this database was begun and did not end.</summary>
public sealed class UnfinishedRestoreException(bool isRestored) : Exception(isRestored
    ? "A restore into this control database did not end: it holds the backup, and has not taken the original's place. Run: Bibind.Functions restore take-over (docs/disaster.md)."
    : "A restore into this control database did not end, and it holds nothing. Run: Bibind.Functions restore control FILE again (docs/disaster.md), or drop the schema bibind_restore to begin a new installation in it.");
