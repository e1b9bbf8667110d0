using Npgsql;

namespace Bibind.Local;

/// <summary>Statements whose names cannot be parameters: quoted here, and nowhere concatenated unquoted.</summary>
public static class Sql
{
    private static readonly NpgsqlCommandBuilder Quoting = new();

    /// <summary>Quotes an identifier.</summary>
    public static string Name(string identifier) => Quoting.QuoteIdentifier(identifier);

    /// <summary>Quotes a value, for the commands that take no parameters.</summary>
    /// <exception cref="ArgumentException">The value holds a backslash or a zero character.</exception>
    public static string Literal(string value) =>
        value.AsSpan().ContainsAny('\\', '\0')
            ? throw new ArgumentException("The value cannot be written as a plain literal.", nameof(value))
            : $"'{value.Replace("'", "''", StringComparison.Ordinal)}'";

    /// <summary>The same connection without a pool, which would keep a session on the database.</summary>
    public static string Unpooled(string connectionString) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false }.ConnectionString;

    /// <summary>The same server and role, another database, unpooled.</summary>
    public static string OtherDatabase(string connectionString, string database) =>
        new NpgsqlConnectionStringBuilder(connectionString) { Pooling = false, Database = database }.ConnectionString;

    public static async Task RunAsync(NpgsqlConnection connection, string statement, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(statement, connection) { CommandTimeout = 300 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, string query, string value, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(query, connection) { Parameters = { new() { Value = value } } };
        return await command.ExecuteScalarAsync(cancellationToken) is not null;
    }
}
