using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>Which tables and columns an application's database has: modules bring their own.</summary>
internal sealed class OdooTables
{
    private static readonly string[] Required =
        ["ir_config_parameter", "ir_model_data", "ir_module_module", "res_company", "res_currency", "res_lang", "res_partner", "res_users"];

    private static readonly string[] Optional =
    [
        "auth_passkey_key", "auth_totp_device", "base_automation", "fetchmail_server", "ir_attachment", "ir_cron", "ir_mail_server",
        "res_company_users_rel", "res_country", "res_device_log", "res_users_apikeys", "res_users_log",
    ];

    private const string Sql = """
        select c.relname::text, a.attname::text
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p') and c.relname = any($1)
        """;

    private readonly HashSet<(string Table, string Column)> _columns;
    private readonly HashSet<string> _tables;

    private OdooTables(HashSet<(string Table, string Column)> columns)
    {
        _columns = columns;
        _tables = columns.Select(c => c.Table).ToHashSet(StringComparer.Ordinal);
    }

    /// <summary>Reads the catalogue.</summary>
    /// <exception cref="PermanentFailureException">The database holds no Odoo.</exception>
    public static async Task<OdooTables> ReadAsync(NpgsqlConnection connection, string database, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = Required.Concat(Optional).ToArray() } } };
        var columns = new HashSet<(string, string)>();
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                columns.Add((reader.GetString(0), reader.GetString(1)));
            }
        }

        var tables = new OdooTables(columns);
        var missing = Required.Where(t => !tables.Has(t)).ToList();
        return missing.Count == 0
            ? tables
            : throw new PermanentFailureException($"The database '{database}' holds no Odoo: it has no table {string.Join(", ", missing)}.");
    }

    public bool Has(string table) => _tables.Contains(table);

    public bool Has(string table, string column) => _columns.Contains((table, column));
}
