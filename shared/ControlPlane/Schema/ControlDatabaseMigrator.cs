using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Schema;

/// <summary>Brings the control database to the schema that this version of the program needs.</summary>
/// <remarks>
/// Any number of hosts may start at once: an advisory lock of the session lets one of them migrate and the others
/// find the work done. It needs a direct connection or a pooler in session mode.
/// </remarks>
public sealed class ControlDatabaseMigrator(NpgsqlDataSource database, TimeProvider time, ILogger<ControlDatabaseMigrator> logger)
{
    private const long LockKey = 0x6269_6269_6e64_0001;

    private const string BookkeepingSql =
        """
        create schema if not exists control;
        create table if not exists control.schema_migrations (
          version    integer primary key,
          name       text not null,
          checksum   text not null,
          applied_at timestamptz not null
        );
        alter table control.schema_migrations add column if not exists expands boolean not null default false;
        """;

    /// <summary>Lists the migrations that are missing, and changes nothing.</summary>
    /// <exception cref="SchemaMismatchException">A migration was changed after it had been applied.</exception>
    /// <exception cref="NewerSchemaException">A newer version of this program has worked on the database, and this one cannot work beside it.</exception>
    public async Task<IReadOnlyList<Migration>> PlanAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var isThere = await connection.ExecuteScalarAsync<bool>(Command("select to_regclass('control.schema_migrations') is not null", null, null, cancellationToken));
        return isThere ? await MissingAsync(connection, Migration.Embedded(), cancellationToken) : Migration.Embedded();
    }

    /// <summary>Applies every migration that is missing and takes all of it back: answers how long each took. Its tables are locked meanwhile.</summary>
    /// <exception cref="PostgresException">Somebody held a lock for longer than two seconds, or a migration fails.</exception>
    public async Task<IReadOnlyList<(Migration Migration, TimeSpan Duration)>> RehearseAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Command("set local lock_timeout = '2s'", null, transaction, cancellationToken));
        await connection.ExecuteAsync(Command(BookkeepingSql, null, transaction, cancellationToken));
        var durations = new List<(Migration, TimeSpan)>();
        foreach (var migration in await MissingAsync(connection, Migration.Embedded(), cancellationToken))
        {
            var began = time.GetTimestamp();
            await connection.ExecuteAsync(Command(migration.Sql, null, transaction, cancellationToken));
            durations.Add((migration, time.GetElapsedTime(began)));
        }

        await transaction.RollbackAsync(cancellationToken);
        return durations;
    }

    /// <summary>Applies every migration that is missing; answers how many were applied.</summary>
    /// <exception cref="SchemaMismatchException">A migration was changed after it had been applied.</exception>
    /// <exception cref="NewerSchemaException">A newer version of this program has worked on the database.</exception>
    public Task<int> ApplyAsync(CancellationToken cancellationToken) => ApplyAsync(Migration.Embedded(), cancellationToken);

    internal async Task<int> ApplyAsync(IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // Another host may be migrating for minutes; only the caller's token ends the wait.
        await connection.ExecuteAsync(Command("select pg_advisory_lock(@LockKey)", new { LockKey }, null, cancellationToken));
        try
        {
            return await ApplyUnderLockAsync(connection, migrations, cancellationToken);
        }
        finally
        {
            await connection.ExecuteAsync("select pg_advisory_unlock(@LockKey)", new { LockKey });
        }
    }

    private async Task<int> ApplyUnderLockAsync(NpgsqlConnection connection, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(Command(BookkeepingSql, null, null, cancellationToken));
        var missing = await MissingAsync(connection, migrations, cancellationToken);
        foreach (var migration in missing)
        {
            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(Command(migration.Sql, null, transaction, cancellationToken));
            await connection.ExecuteAsync(Command(
                "insert into control.schema_migrations (version, name, checksum, applied_at, expands) values (@Version, @Name, @Checksum, @Now, @Expands)",
                new { migration.Version, migration.Name, migration.Checksum, Now = time.GetUtcNow(), migration.Expands },
                transaction,
                cancellationToken));
            await transaction.CommitAsync(cancellationToken);
            Logs.MigrationApplied(logger, migration.Name);
        }

        return missing.Count;
    }

    private async Task<IReadOnlyList<Migration>> MissingAsync(NpgsqlConnection connection, IReadOnlyList<Migration> migrations, CancellationToken cancellationToken)
    {
        // Read as json: a database of a version before has no column that says which ones expand.
        var found = (await connection.QueryAsync<(int Version, string Name, string Checksum, bool Expands)>(Command(
            """
            select version, name, checksum, coalesce((to_jsonb(m) ->> 'expands')::boolean, false) from control.schema_migrations m order by version
            """, null, null, cancellationToken))).AsList();
        var newer = found.Where(f => f.Version > migrations[^1].Version).ToList();
        if (newer.Where(f => !f.Expands).Select(f => f.Name).ToList() is { Count: > 0 } inTheWay)
        {
            throw new NewerSchemaException(inTheWay, migrations[^1].Name);
        }

        if (newer.Count > 0)
        {
            Logs.SchemaIsNewer(logger, string.Join(", ", newer.Select(f => f.Name)));
        }

        var applied = found.ToDictionary(m => m.Version, m => m.Checksum);
        foreach (var migration in migrations)
        {
            if (applied.TryGetValue(migration.Version, out var checksum) && checksum != migration.Checksum)
            {
                throw new SchemaMismatchException(migration.Name, checksum, migration.Checksum);
            }
        }

        return [.. migrations.Where(m => !applied.ContainsKey(m.Version))];
    }

    private static CommandDefinition Command(string sql, object? parameters, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        new(sql, parameters, transaction, commandTimeout: 0, cancellationToken: cancellationToken);
}

/// <summary>The database has a migration whose text is not the one this program carries.</summary>
public sealed class SchemaMismatchException(string migration, string applied, string carried) : Exception(
    $"Migration '{migration}' was applied to the control database with checksum {applied[..12]}…, but this program carries it with " +
    $"checksum {carried[..12]}…. An applied migration is never edited: restore its text and add a new one for the change.");

/// <summary>The database has migrations of a newer version of this program, which this one could damage.</summary>
public sealed class NewerSchemaException(IReadOnlyList<string> newer, string newest) : Exception(
    $"The control database belongs to a newer version: it has the migration{(newer.Count == 1 ? "" : "s")} {string.Join(", ", newer)}, and this program " +
    $"knows none after {newest}. Start the newer version, or restore a copy of the database from before.");
