using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>The rows that a configuration writes to, found by the application's external ids and codes.</summary>
internal sealed record OdooReferences(
    int Company, int CompanyPartner, int Administrator, int AdministratorPartner, int Language, int Currency, int? Country)
{
    private const string Sql = """
        with company as (
          select c.id, c.partner_id from public.ir_model_data d join public.res_company c on c.id = d.res_id
          where d.module = 'base' and d.name = 'main_company'),
        administrator as (
          select u.id, u.partner_id from public.ir_model_data d join public.res_users u on u.id = d.res_id
          where d.module = 'base' and d.name = 'user_admin')
        select (select id from company), (select partner_id from company),
               (select id from administrator), (select partner_id from administrator),
               (select id from public.res_lang where code = $1), (select id from public.res_currency where name = $2)
        """;

    /// <summary>Finds the rows.</summary>
    /// <exception cref="PermanentFailureException">The template lacks one, or does not offer what was ordered; it says what it has.</exception>
    public static async Task<OdooReferences> FindAsync(
        NpgsqlConnection connection, OdooTables tables, TemplateContents contents, TenantDescriptor place, CancellationToken cancellationToken)
    {
        var template = place.TemplateCode;
        if (TemplateFit.ProblemWith(template, contents, place.Locale) is { } misfit)
        {
            throw new PermanentFailureException(misfit.Message);
        }

        int?[] found;
        await using (var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = place.Locale.Language }, new() { Value = place.Locale.Currency } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            found = [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? (int?)null : reader.GetInt32(i))];
        }

        return new OdooReferences(
            found[0] ?? throw Missing(template, "the main company (base.main_company)"),
            found[1] ?? throw Missing(template, "the main company's partner"),
            found[2] ?? throw Missing(template, "the administrator (base.user_admin)"),
            found[3] ?? throw Missing(template, "the administrator's partner"),
            found[4] ?? throw Missing(template, $"the language {place.Locale.Language}"),
            found[5] ?? throw Missing(template, $"the currency {place.Locale.Currency}"),
            await FindCountryAsync(connection, tables, TemplateFit.CountryOf(contents, place.Locale), cancellationToken));
    }

    private static async Task<int?> FindCountryAsync(NpgsqlConnection connection, OdooTables tables, string? code, CancellationToken cancellationToken)
    {
        if (code is null || !tables.Has("res_country"))
        {
            return null;
        }

        await using var command = new NpgsqlCommand("select id from public.res_country where code = $1", connection) { Parameters = { new() { Value = code } } };
        return (int?)await command.ExecuteScalarAsync(cancellationToken);
    }

    private static PermanentFailureException Missing(string template, string what) => new($"The template '{template}' lacks {what}.");
}
