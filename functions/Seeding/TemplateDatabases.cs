using System.Security.Cryptography;
using System.Text;
using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Seeding;

/// <summary>A template database that is on a server already.</summary>
internal sealed record TemplateDatabase(string ContentHash, long Bytes);

/// <summary>Looks at databases from outside: a template takes no connections.</summary>
internal static class TemplateDatabases
{
    private const string Question = "select oid::bigint, pg_database_size(oid) from pg_database where datname = $1";

    /// <summary>The database, or null. Its hash changes when it is made anew.</summary>
    public static async Task<TemplateDatabase?> FindAsync(ServerConnection server, string database, CancellationToken cancellation)
    {
        var connectionString = new NpgsqlConnectionStringBuilder
        {
            Host = server.DatabaseHost,
            Port = server.DatabasePort,
            Username = server.DatabaseUser,
            Password = server.DatabasePassword,
            Database = "postgres",
            Pooling = false,
        }.ConnectionString;
        await using var connection = new NpgsqlConnection(connectionString);
        await connection.OpenAsync(cancellation);
        await using var command = new NpgsqlCommand(Question, connection) { Parameters = { new() { Value = database } } };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        if (!await reader.ReadAsync(cancellation))
        {
            return null;
        }

        var identity = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{server.Code}/{database}/{reader.GetInt64(0)}");
        return new TemplateDatabase(Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(identity))), reader.GetInt64(1));
    }
}
