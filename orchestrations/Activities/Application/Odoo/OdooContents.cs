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

    /// <summary>Reads it, in one round trip.</summary>
    public static async Task<TemplateContents> ReadAsync(NpgsqlConnection connection, OdooTables tables, CancellationToken cancellationToken)
    {
        var hasChart = tables.Has("res_company", "account_fiscal_country_id") ? HasChart(tables) : null;
        await using var batch = new NpgsqlBatch(connection);
        foreach (var sql in (string?[])[
            "select latest_version from public.ir_module_module where name = 'base'",
            LanguagesSql,
            CurrenciesSql,
            tables.Has("res_country", "code") ? CountriesSql : null,
            $"select m.name from public.res_company c join public.res_currency m on m.id = c.currency_id where c.id = {Company}",
            hasChart is null ? null : $"select k.code from public.res_company c join public.res_country k on k.id = c.account_fiscal_country_id where c.id = {Company} and {hasChart}",
            tables.Has("res_company", "chart_template") ? $"select nullif(c.chart_template, '') from public.res_company c where c.id = {Company}" : null,
            tables.Has("account_move_line", "move_id") ? "select 1 where exists (select from public.account_move_line)" : null,
            tables.Has("ir_module_module", "demo") ? "select 1 where exists (select from public.ir_module_module where demo and state = 'installed')" : null,
            ModulesSql,
            tables.Has("ir_attachment", "store_fname") ? "select count(distinct store_fname) from public.ir_attachment where store_fname is not null" : null])
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(sql ?? "select 1 where false"));
        }

        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        return new()
        {
            Version = Serie(await AskAsync<string>(reader, cancellationToken)),
            Languages = await ListAsync<string>(reader, cancellationToken),
            Currencies = await ListAsync<string>(reader, cancellationToken),
            Countries = await ListAsync<string>(reader, cancellationToken),
            Currency = await AskAsync<string>(reader, cancellationToken),
            FiscalCountry = await AskAsync<string>(reader, cancellationToken),
            ChartOfAccounts = await AskAsync<string>(reader, cancellationToken),
            HasEntries = (await ListAsync<int>(reader, cancellationToken)).Count > 0,
            HasDemoData = (await ListAsync<int>(reader, cancellationToken)).Count > 0,
            Modules = await ListAsync<string>(reader, cancellationToken),
            Files = await AskAsync<long>(reader, cancellationToken),
        };
    }

    // In 16 the chart is a row of another table, in 17 and later a name.
    private static string? HasChart(OdooTables tables) =>
        tables.Has("res_company", "chart_template") ? "c.chart_template <> ''"
        : tables.Has("res_company", "chart_template_id") ? "c.chart_template_id is not null"
        : null;

    private static string? Serie(string? version) =>
        version?.Split('.') is [var major, var minor, ..] ? $"{major}.{minor}" : version;

    private static async Task<T?> AskAsync<T>(NpgsqlDataReader reader, CancellationToken cancellationToken) =>
        (await ListAsync<T>(reader, cancellationToken)) is [var first, ..] ? first : default;

    // The values of this answer; the reader goes on to the next.
    private static async Task<List<T>> ListAsync<T>(NpgsqlDataReader reader, CancellationToken cancellationToken)
    {
        var found = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            if (reader.GetValue(0) is T value)
            {
                found.Add(value);
            }
        }

        await reader.NextResultAsync(cancellationToken);
        return found;
    }
}
