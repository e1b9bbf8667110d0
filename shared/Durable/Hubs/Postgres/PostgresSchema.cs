using System.Globalization;
using Npgsql;

namespace Bibind.Durable.Hubs.Postgres;

/// <summary>Applies the hub's numbered schema files, once each, under an advisory lock.</summary>
internal static class PostgresSchema
{
    // Any number will do, as long as every version of this program uses the same.
    private const long AdvisoryLock = 0x4249_4249_4E44_4455;
    private const string Prefix = "Bibind.Durable.Hubs.Postgres.Schema.";

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
            """,
            cancellationToken);
        var files = typeof(PostgresSchema).Assembly.GetManifestResourceNames().Where(n => n.StartsWith(Prefix, StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToList();
        await RefuseNewerAsync(connection, files[^1][Prefix.Length..], cancellationToken);
        foreach (var name in files)
        {
            await using var mark = new NpgsqlCommand("INSERT INTO durable.schema_versions (name) VALUES ($1) ON CONFLICT DO NOTHING", connection);
            mark.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name[Prefix.Length..] });
            if (await mark.ExecuteNonQueryAsync(cancellationToken) == 1)
            {
                await ExecuteAsync(connection, ReadResource(name), cancellationToken);
            }
        }

        await transaction.CommitAsync(cancellationToken);
    }

    // Names begin with numbers, so that the later ones sort behind.
    private static async Task RefuseNewerAsync(NpgsqlConnection connection, string newest, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand("""SELECT string_agg(name, ', ' ORDER BY name) FROM durable.schema_versions WHERE name COLLATE "C" > $1""", connection);
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

    private static string ReadResource(string name)
    {
        using var reader = new StreamReader(typeof(PostgresSchema).Assembly.GetManifestResourceStream(name)!);
        return reader.ReadToEnd();
    }
}

/// <summary>The hub's database has schema files of a newer version of this program, which this one could damage.</summary>
public sealed class NewerHubException(string newer, string newest) : Exception(
    $"The task hub belongs to a newer version: it has {newer}, and this program knows none after {newest}. Start the newer version.");
