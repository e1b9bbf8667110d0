using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Roles;
using Bibind.Functions.Servers;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>A template database that is on a server already.</summary>
internal sealed record TemplateDatabase(string ContentHash, long Bytes);

/// <summary>Looks at databases from outside, and takes them over as templates.</summary>
internal static class TemplateDatabases
{
    private const string Question = "select oid::bigint, pg_database_size(oid) from pg_database where datname = $1";

    /// <summary>The database, or null. Its hash changes when it is made anew.</summary>
    public static async Task<TemplateDatabase?> FindAsync(ServerConnection server, string database, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(MaintenanceConnection.Describe(server));
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(Question, connection) { Parameters = { new() { Value = database } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            return null;
        }

        var identity = string.Create(CultureInfo.InvariantCulture, $"{server.Code}/{database}/{reader.GetInt64(0)}");
        return new TemplateDatabase(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity))), reader.GetInt64(1));
    }

    /// <summary>
    /// From now on the database belongs to the maintenance role and nobody enters it: what somebody planted in a template would run in
    /// every clone of it.
    /// </summary>
    public static async Task LockAsync(ServerConnection server, string database, CancellationToken cancellation)
    {
        await using var connection = new NpgsqlConnection(MaintenanceConnection.Describe(server));
        await connection.OpenAsync(cancellation);

        // Hosts that start at the same moment would change the same row.
        await RunAsync(connection, "select pg_advisory_lock(hashtextextended($1, 0))", cancellation, database);
        var there = (await new ClusterRoles(connection).ListDatabasesAsync(cancellation)).Single(d => d.Name == database);
        if (there is { AllowsConnections: false, IsTemplate: true, IsOpenToPublic: false } && there.Owner == server.DatabaseUser)
        {
            return;
        }

        foreach (var statement in TemplateLock.Statements(database, server.DatabaseUser, server.ApplicationRole))
        {
            await RunAsync(connection, statement, cancellation);
        }
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        await command.ExecuteNonQueryAsync(cancellation);
    }
}
