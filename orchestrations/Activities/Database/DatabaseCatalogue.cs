using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Asks a server what databases it has.</summary>
internal static class DatabaseCatalogue
{
    private const string Columns = """
        select d.oid, d.datname::text, pg_get_userbyid(d.datdba)::text, pg_get_userbyid(d.datdba) = session_user,
               shobj_description(d.oid, 'pg_database'), d.datistemplate, d.datallowconn, d.datconnlimit = -2
        from pg_database d
        """;

    private const string MeasureSql =
        "select case when has_database_privilege(oid, 'CONNECT') then pg_database_size(oid) else 0 end from pg_database where datname = $1";

    /// <summary>What the server says of a database; null if there is none.</summary>
    public static async Task<DatabaseInfo?> LookAsync(MaintenanceSession session, string name, CancellationToken cancellationToken) =>
        (await session.QueryAsync($"{Columns} where d.datname = $1", Read, cancellationToken, name)).SingleOrDefault();

    /// <summary>What the server says of the databases with these numbers.</summary>
    public static Task<List<DatabaseInfo>> ListAsync(MaintenanceSession session, IEnumerable<uint> oids, CancellationToken cancellationToken) =>
        session.QueryAsync($"{Columns} where d.oid::bigint = any($1)", Read, cancellationToken, oids.Select(o => (long)o).ToArray());

    /// <summary>What the server says of the databases with these names.</summary>
    public static Task<List<DatabaseInfo>> ListAsync(MaintenanceSession session, IEnumerable<string> names, CancellationToken cancellationToken) =>
        session.QueryAsync($"{Columns} where d.datname = any($1::text[])", Read, cancellationToken, (object)names.ToArray());

    /// <summary>
    /// The size of a database in bytes; 0 if there is none, or none that we may know of. It costs PostgreSQL a look at every
    /// file, more than a thousand for an Odoo.
    /// </summary>
    public static async Task<long> MeasureAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        try
        {
            return (await session.QueryAsync(MeasureSql, row => row.GetInt64(0), cancellationToken, name)).SingleOrDefault();
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.UndefinedFile)
        {
            // Dropped between the look at the catalogue and the look at its files.
            return 0;
        }
    }

    private static DatabaseInfo Read(NpgsqlDataReader row) => new()
    {
        Oid = row.GetFieldValue<uint>(0),
        Name = row.GetString(1),
        Owner = row.GetString(2),
        IsOwnedByUs = row.GetBoolean(3),
        Comment = row.IsDBNull(4) ? null : row.GetString(4),
        IsTemplate = row.GetBoolean(5),
        AllowsConnections = row.GetBoolean(6),
        IsInvalid = row.GetBoolean(7),
    };
}
