using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Servers;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>A template database that is on a server already.</summary>
internal sealed record TemplateDatabase(string ContentHash, long Bytes);

/// <summary>Takes databases over as templates, from outside: a template takes no connections.</summary>
internal static class TemplateDatabases
{
    private const string Question = "select oid::bigint, pg_database_size(oid) from pg_database where datname = $1";

    /// <summary>
    /// The database, or null. Its hash changes when it is made anew. From now on it belongs to the maintenance role and nobody enters it:
    /// what somebody planted in a template would run in every clone of it.
    /// </summary>
    public static async Task<TemplateDatabase?> TakeAsync(ServerConnection server, string database, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(MaintenanceConnection.Describe(server));
        await connection.OpenAsync(cancellation);
        long oid;
        long bytes;
        await using (var command = new NpgsqlCommand(Question, connection) { Parameters = { new() { Value = database } } })
        {
            await using var reader = await command.ExecuteReaderAsync(cancellation);
            if (!await reader.ReadAsync(cancellation))
            {
                return null;
            }

            (oid, bytes) = (reader.GetInt64(0), reader.GetInt64(1));
        }

        // Hosts that start at the same moment would change the same row.
        await using (var one = new NpgsqlCommand("select pg_advisory_lock($1)", connection) { Parameters = { new() { Value = oid } } })
        {
            await one.ExecuteNonQueryAsync(cancellation);
        }

        foreach (var statement in TemplateLock.Statements(database, server.DatabaseUser, server.ApplicationRole))
        {
            await using var command = new NpgsqlCommand(statement, connection);
            await command.ExecuteNonQueryAsync(cancellation);
        }

        var identity = string.Create(CultureInfo.InvariantCulture, $"{server.Code}/{database}/{oid}");
        return new TemplateDatabase(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity))), bytes);
    }
}
