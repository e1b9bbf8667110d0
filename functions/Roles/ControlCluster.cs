using Npgsql;

namespace Bibind.Functions.Roles;

/// <summary>Where the control database is, and as whom the host enters it.</summary>
/// <param name="SystemIdentifier">The cluster's; null where PostgreSQL does not tell.</param>
/// <param name="Oid">The database's number in its cluster.</param>
/// <param name="Database">Its name.</param>
/// <param name="Role">Who we are there.</param>
internal sealed record ControlCluster(long? SystemIdentifier, uint Oid, string Database, string Role)
{
    private const string Question = "select oid, datname::text, session_user::text from pg_database where datname = current_database()";

    private const string SameSql = "select exists (select from pg_database where datname = $1 and oid = $2)";

    /// <summary>Asks the control database.</summary>
    public static async Task<ControlCluster> ReadAsync(NpgsqlDataSource control, CancellationToken cancellation)
    {
        await using var connection = await control.OpenConnectionAsync(cancellation);
        await using var command = new NpgsqlCommand(Question, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        await reader.ReadAsync(cancellation);
        var (oid, database, role) = (reader.GetFieldValue<uint>(0), reader.GetString(1), reader.GetString(2));
        await reader.DisposeAsync();
        return new ControlCluster(await IdentifyAsync(connection, cancellation), oid, database, role);
    }

    /// <summary>True if a connection is to the cluster that holds the control database.</summary>
    public async Task<bool> IsAtAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(SameSql, connection) { Parameters = { new() { Value = Database }, new() { Value = Oid, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Oid } } };
        return await command.ExecuteScalarAsync(cancellation) is true
            && (SystemIdentifier is not { } ours || await IdentifyAsync(connection, cancellation) is not { } theirs || ours == theirs);
    }

    // Some hosted servers keep the function to themselves; name and number must do there.
    private static async Task<long?> IdentifyAsync(NpgsqlConnection connection, CancellationToken cancellation)
    {
        try
        {
            await using var command = new NpgsqlCommand("select system_identifier from pg_control_system()", connection);
            return (long?)await command.ExecuteScalarAsync(cancellation);
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.InsufficientPrivilege or PostgresErrorCodes.UndefinedFunction)
        {
            return null;
        }
    }
}
