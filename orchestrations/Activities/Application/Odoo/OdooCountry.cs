using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Makes the company of a database that holds nothing yet one of a country, with its currency.</summary>
internal static class OdooCountry
{
    private const string Sql = """
        with country as (select id, currency_id from public.res_country where code = $1),
        company as (
          update public.res_company set currency_id = coalesce((select currency_id from country), currency_id)
          where id = (select res_id from public.ir_model_data where module = 'base' and name = 'main_company') and exists (select from country)
          returning partner_id),
        currency as (update public.res_currency set active = true where id = (select currency_id from country))
        update public.res_partner set country_id = (select id from country) where id = (select partner_id from company)
        """;

    /// <exception cref="PermanentFailureException">The application knows no such country.</exception>
    public static async Task<bool> SetAsync(NpgsqlConnection connection, string country, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = country } } };
        return await command.ExecuteNonQueryAsync(cancellationToken) > 0
            ? true
            : throw new PermanentFailureException($"The application knows no country '{country}'.");
    }
}
