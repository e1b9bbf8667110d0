using System.Globalization;
using Npgsql;

namespace Bibind.Durable.Postgres;

/// <summary>Applies the hub's numbered schema files, once each, under an advisory lock.</summary>
internal static class PostgresSchema
{
    // Any number will do, as long as every version of this program uses the same.
    private const long AdvisoryLock = 0x4249_4249_4E44_4455;

    public static async Task ApplyAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(connection, $"SELECT pg_advisory_xact_lock({AdvisoryLock.ToString(CultureInfo.InvariantCulture)})", cancellationToken);
        await ExecuteAsync(
            connection,
            """
            CREATE SCHEMA IF NOT EXISTS durable;
            CREATE TABLE IF NOT EXISTS durable.schema_versions (name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now());
            ALTER TABLE durable.schema_versions ADD COLUMN IF NOT EXISTS expands boolean NOT NULL DEFAULT false;
            """,
            cancellationToken);
        var files = SchemaFile.Embedded();
        await RefuseNewerAsync(connection, files[^1].Name, cancellationToken);
        foreach (var file in files)
        {
            await using var mark = new NpgsqlCommand("INSERT INTO durable.schema_versions (name, expands) VALUES ($1, $2) ON CONFLICT DO NOTHING", connection);
            mark.Parameters.Add(new NpgsqlParameter<string> { TypedValue = file.Name });
            mark.Parameters.Add(new NpgsqlParameter<bool> { TypedValue = file.Expands });
            if (await mark.ExecuteNonQueryAsync(cancellationToken) == 1)
            {
                await ExecuteAsync(connection, file.Sql, cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The files that are not applied yet, in their order; nothing is changed.</summary>
    public static async Task<IReadOnlyList<SchemaFile>> FindMissingAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        await using var isThere = new NpgsqlCommand("SELECT to_regclass('durable.schema_versions') IS NOT NULL", connection);
        var applied = new HashSet<string>(StringComparer.Ordinal);
        if (await isThere.ExecuteScalarAsync(cancellationToken) is true)
        {
            await using var command = new NpgsqlCommand("SELECT name FROM durable.schema_versions", connection);
            await using var names = await command.ExecuteReaderAsync(cancellationToken);
            while (await names.ReadAsync(cancellationToken))
            {
                applied.Add(names.GetString(0));
            }
        }

        return [.. SchemaFile.Embedded().Where(f => !applied.Contains(f.Name))];
    }

    // Names begin with numbers, so that the later ones sort behind.
    private static async Task RefuseNewerAsync(NpgsqlConnection connection, string newest, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""SELECT string_agg(name, ', ' ORDER BY name) FROM durable.schema_versions WHERE name COLLATE "C" > $1 AND NOT expands""", connection);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = newest });
        if (await command.ExecuteScalarAsync(cancellationToken) is string newer)
        {
            throw new NewerHubException(newer, newest);
        }
    }

    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The text is ours: a constant or an embedded schema file.
        await using var command = new NpgsqlCommand(sql, connection);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

/// <summary>The hub's database has schema files of a newer version of this program, which this one could damage.</summary>
public sealed class NewerHubException(string newer, string newest) : Exception(
    $"The task hub belongs to a newer version: it has {newer}, and this program knows none after {newest}. Start the newer version.");

/// <summary>One of the hub's numbered schema files.</summary>
/// <param name="Name">The file's name.</param>
/// <param name="Sql">Its text.</param>
public sealed record SchemaFile(string Name, string Sql)
{
    private const string Prefix = "Bibind.Durable.Postgres.Schema.";
    private const string Expanding = "-- expands:";

    /// <summary>True if programs of the version before work on beside it: it adds what they do not look at.</summary>
    public bool Expands { get; } = Sql.StartsWith(Expanding, StringComparison.Ordinal);

    /// <summary>What it is for: the first line of its text.</summary>
    public string Summary { get; } = Sql.ReplaceLineEndings("\n").Split('\n')[0].TrimStart('-', ' ');

    internal static IReadOnlyList<SchemaFile> Embedded() =>
    [
        .. typeof(SchemaFile).Assembly.GetManifestResourceNames()
            .Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).Select(Read),
    ];

    private static SchemaFile Read(string resource)
    {
        using var reader = new StreamReader(typeof(SchemaFile).Assembly.GetManifestResourceStream(resource)!);
        return new SchemaFile(resource[Prefix.Length..], reader.ReadToEnd());
    }
}
