using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>A column of an application's table.</summary>
internal readonly record struct OdooColumn(string Table, string Name, string Type, bool IsRequired)
{
    /// <summary>True for a column that can hold a text or bytes of any length.</summary>
    public bool HoldsText => Type is "varchar" or "text" or "bytea";
}

/// <summary>Which tables and columns an application's database has: modules and versions bring their own.</summary>
internal sealed class OdooTables
{
    private static readonly string[] Required =
        ["ir_config_parameter", "ir_model_data", "ir_module_module", "res_company", "res_currency", "res_lang", "res_partner", "res_users"];

    // Plain tables only: what a view or a foreign table of that name would do is not ours to run. A file of no bytes holds no row, unless
    // rows are kept in tables that inherit from it.
    private const string Sql = """
        select c.relname::text, a.attname::text, t.typname::text, a.attnotnull,
               c.relkind = 'r' and not c.relhassubclass and pg_relation_size(c.oid) = 0
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
        where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p') and (c.relname = any($1) or a.attname like any($2))
        """;

    private static readonly string[] SecretColumns = [.. OdooSecrets.ColumnWords.Select(w => $"%{w.Replace("_", "\\_", StringComparison.Ordinal)}%")];

    private readonly Dictionary<(string Table, string Name), OdooColumn> _columns;
    private readonly HashSet<string> _tables;
    private readonly HashSet<string> _empty;

    private OdooTables(Dictionary<(string Table, string Name), OdooColumn> columns, HashSet<string> empty)
    {
        _columns = columns;
        _tables = columns.Keys.Select(c => c.Table).ToHashSet(StringComparer.Ordinal);
        _empty = empty;
    }

    /// <summary>Every column that was read: all of the tables that we know, and those of others that a secret could be in.</summary>
    public IEnumerable<OdooColumn> Columns => _columns.Values;

    /// <summary>Reads the catalogue.</summary>
    /// <exception cref="PermanentFailureException">The database holds no Odoo.</exception>
    public static async Task<OdooTables> ReadAsync(NpgsqlConnection connection, string database, CancellationToken cancellationToken)
    {
        var tables = await ReadAnyAsync(connection, cancellationToken);
        var missing = Required.Where(t => !tables.Has(t)).ToList();
        return missing.Count == 0
            ? tables
            : throw new PermanentFailureException($"The database '{database}' holds no Odoo: it has no table {string.Join(", ", missing)}.");
    }

    /// <summary>Reads the catalogue of a database that may hold anything; null if it holds no Odoo.</summary>
    public static async Task<OdooTables?> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        var tables = await ReadAnyAsync(connection, cancellationToken);
        return Required.All(tables.Has) ? tables : null;
    }

    public bool Has(string table) => _tables.Contains(table);

    /// <summary>True for a table that had no row when the catalogue was read.</summary>
    public bool IsEmpty(string table) => _empty.Contains(table);

    public bool Has(string table, params string[] columns) => columns.All(c => _columns.ContainsKey((table, c)));

    public OdooColumn? Find(string table, string column) => _columns.TryGetValue((table, column), out var found) ? found : null;

    private static async Task<OdooTables> ReadAnyAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection)
        {
            Parameters =
            {
                new() { Value = Required.Concat(OdooLeftovers.Tables).Concat(OdooContents.Tables).Concat(OdooSecrets.Integrations).Distinct().ToArray() },
                new() { Value = SecretColumns },
            },
        };
        var columns = new Dictionary<(string, string), OdooColumn>();
        var empty = new HashSet<string>(StringComparer.Ordinal);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            var column = new OdooColumn(reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetBoolean(3));
            columns[(column.Table, column.Name)] = column;
            if (reader.GetBoolean(4))
            {
                empty.Add(column.Table);
            }
        }

        return new OdooTables(columns, empty);
    }
}
