using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Reads what a database offers to those that are cloned from it.</summary>
internal static class OdooContents
{
    /// <summary>The tables that are looked at beside the ones that every database has.</summary>
    public static readonly IReadOnlyList<string> Tables =
        ["account_move_line", "ir_attachment", "ir_default", "ir_model_fields", "product_pricelist", "report_paperformat", "res_company_users_rel", "res_country", "res_partner_bank", "account_journal", "website", "website_lang_rel"];

    private const string LanguagesSql = "select code from public.res_lang where active order by code collate \"C\"";
    private const string CurrenciesSql = "select name from public.res_currency order by active desc nulls last, name collate \"C\"";
    private const string CountriesSql = "select code from public.res_country where code is not null order by code collate \"C\"";
    private const string ModulesSql = "select name from public.ir_module_module where state = 'installed' order by name collate \"C\"";

    private const string Company =
        "(select d.res_id from public.ir_model_data d where d.module = 'base' and d.name = 'main_company' and (d.model is null or d.model = 'res.company'))";

    /// <summary>Reads it.</summary>
    public static async Task<TemplateContents> ReadAsync(NpgsqlConnection connection, OdooTables tables, CancellationToken cancellationToken) => new()
    {
        Version = Serie(await AskAsync<string>(connection, "select latest_version from public.ir_module_module where name = 'base'", cancellationToken)),
        Languages = await ListAsync(connection, LanguagesSql, cancellationToken),
        Currencies = await ListAsync(connection, CurrenciesSql, cancellationToken),
        Countries = tables.Has("res_country", "code") ? await ListAsync(connection, CountriesSql, cancellationToken) : [],
        Currency = await AskAsync<string>(
            connection, $"select m.name from public.res_company c join public.res_currency m on m.id = c.currency_id where c.id = {Company}", cancellationToken),
        FiscalCountry = HasChart(tables) is { } hasChart && tables.Has("res_company", "account_fiscal_country_id")
            ? await AskAsync<string>(
                connection,
                $"select k.code from public.res_company c join public.res_country k on k.id = c.account_fiscal_country_id where c.id = {Company} and {hasChart}",
                cancellationToken)
            : null,
        ChartOfAccounts = tables.Has("res_company", "chart_template")
            ? await AskAsync<string>(connection, $"select nullif(c.chart_template, '') from public.res_company c where c.id = {Company}", cancellationToken)
            : null,
        HasEntries = tables.Has("account_move_line", "move_id")
            && await AskAsync<bool>(connection, "select exists (select from public.account_move_line)", cancellationToken),
        HasDemoData = tables.Has("ir_module_module", "demo")
            && await AskAsync<bool>(connection, "select exists (select from public.ir_module_module where demo and state = 'installed')", cancellationToken),
        Modules = await ListAsync(connection, ModulesSql, cancellationToken),
        Files = tables.Has("ir_attachment", "store_fname")
            ? await AskAsync<long>(connection, "select count(distinct store_fname) from public.ir_attachment where store_fname is not null", cancellationToken)
            : 0,
    };

    // In 16 the chart is a row of another table, in 17 and later a name.
    private static string? HasChart(OdooTables tables) =>
        tables.Has("res_company", "chart_template") ? "c.chart_template <> ''"
        : tables.Has("res_company", "chart_template_id") ? "c.chart_template_id is not null"
        : null;

    private static string? Serie(string? version) =>
        version?.Split('.') is [var major, var minor, ..] ? $"{major}.{minor}" : version;

    private static async Task<T?> AskAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return await command.ExecuteScalarAsync(cancellationToken) is T value ? value : default;
    }

    private static async Task<IReadOnlyList<string>> ListAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }
}
