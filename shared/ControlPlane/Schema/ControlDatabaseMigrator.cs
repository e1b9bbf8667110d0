using System.Security.Cryptography;
using System.Text;
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
        await connection.ExecuteAsync(Command(
            """
            create schema if not exists control;
            create table if not exists control.schema_migrations (
              version    integer primary key,
              name       text not null,
              checksum   text not null,
              applied_at timestamptz not null
            );
            """, null, null, cancellationToken));
        var found = (await connection.QueryAsync<(int Version, string Name, string Checksum)>(Command(
            "select version, name, checksum from control.schema_migrations order by version", null, null, cancellationToken))).AsList();
        if (found.Where(f => f.Version > migrations[^1].Version).Select(f => f.Name).ToList() is { Count: > 0 } newer)
        {
            throw new NewerSchemaException(newer, migrations[^1].Name);
        }

        var applied = found.ToDictionary(m => m.Version, m => m.Checksum);

        var count = 0;
        foreach (var migration in migrations)
        {
            if (applied.TryGetValue(migration.Version, out var checksum))
            {
                if (checksum != migration.Checksum)
                {
                    throw new SchemaMismatchException(migration.Name, checksum, migration.Checksum);
                }

                continue;
            }

            await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
            await connection.ExecuteAsync(Command(migration.Sql, null, transaction, cancellationToken));
            await connection.ExecuteAsync(Command(
                "insert into control.schema_migrations (version, name, checksum, applied_at) values (@Version, @Name, @Checksum, @Now)",
                new { migration.Version, migration.Name, migration.Checksum, Now = time.GetUtcNow() },
                transaction,
                cancellationToken));
            await transaction.CommitAsync(cancellationToken);
            Logs.MigrationApplied(logger, migration.Name);
            count++;
        }

        return count;
    }

    private static CommandDefinition Command(string sql, object? parameters, NpgsqlTransaction? transaction, CancellationToken cancellationToken) =>
        new(sql, parameters, transaction, commandTimeout: 0, cancellationToken: cancellationToken);
}

/// <summary>One numbered SQL file.</summary>
internal sealed record Migration(int Version, string Name, string Sql)
{
    /// <summary>Over the text with line feeds only, so that a checkout on another system has the same one.</summary>
    public string Checksum { get; } = Convert.ToHexStringLower(
        SHA256.HashData(Encoding.UTF8.GetBytes(Sql.ReplaceLineEndings("\n"))));

    public static IReadOnlyList<Migration> Embedded()
    {
        var assembly = typeof(Migration).Assembly;
        var prefix = typeof(Migration).Namespace + ".";
        var migrations = new List<Migration>();
        foreach (var resource in assembly.GetManifestResourceNames().Where(n => n.StartsWith(prefix, StringComparison.Ordinal)))
        {
            using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!, Encoding.UTF8);
            var name = Path.GetFileNameWithoutExtension(resource[prefix.Length..]);
            migrations.Add(new Migration(int.Parse(name.AsSpan(0, 4), provider: null), name, reader.ReadToEnd()));
        }

        return [.. migrations.OrderBy(m => m.Version)];
    }
}

/// <summary>The database has a migration whose text is not the one this program carries.</summary>
public sealed class SchemaMismatchException(string migration, string applied, string carried) : Exception(
    $"Migration '{migration}' was applied to the control database with checksum {applied[..12]}…, but this program carries it with " +
    $"checksum {carried[..12]}…. An applied migration is never edited: restore its text and add a new one for the change.");

/// <summary>The database has migrations of a newer version of this program, which this one could damage.</summary>
public sealed class NewerSchemaException(IReadOnlyList<string> newer, string newest) : Exception(
    $"The control database belongs to a newer version: it has the migration{(newer.Count == 1 ? "" : "s")} {string.Join(", ", newer)}, and this program " +
    $"knows none after {newest}. Start the newer version, or restore a copy of the database from before.");
