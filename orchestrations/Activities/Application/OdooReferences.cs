using System.Text.RegularExpressions;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>The rows that a configuration writes to, found by the application's external ids and codes.</summary>
internal sealed partial record OdooReferences(
    int Company, int CompanyPartner, int Administrator, int AdministratorPartner, int Language, int Currency, int? Country)
{
    private const int ShownAtMost = 30;

    private const string Sql = """
        with company as (
          select c.id, c.partner_id from ir_model_data d join res_company c on c.id = d.res_id
          where d.module = 'base' and d.name = 'main_company'),
        administrator as (
          select u.id, u.partner_id from ir_model_data d join res_users u on u.id = d.res_id
          where d.module = 'base' and d.name = 'user_admin')
        select (select id from company), (select partner_id from company),
               (select id from administrator), (select partner_id from administrator),
               (select id from res_lang where code = $1), (select id from res_currency where name = $2)
        """;

    /// <summary>Finds the rows.</summary>
    /// <exception cref="PermanentFailureException">The template lacks one; it says which it has.</exception>
    public static async Task<OdooReferences> FindAsync(
        NpgsqlConnection connection, OdooTables tables, TenantPlace place, CancellationToken cancellationToken)
    {
        var locale = place.Locale;
        int?[] found;
        await using (var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = locale.Language }, new() { Value = locale.Currency } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            await reader.ReadAsync(cancellationToken);
            found = [.. Enumerable.Range(0, reader.FieldCount).Select(i => reader.IsDBNull(i) ? (int?)null : reader.GetInt32(i))];
        }

        var template = place.TemplateCode;
        return new OdooReferences(
            found[0] ?? throw Missing(template, "the main company (base.main_company)"),
            found[1] ?? throw Missing(template, "the main company's partner"),
            found[2] ?? throw Missing(template, "the administrator (base.user_admin)"),
            found[3] ?? throw Missing(template, "the administrator's partner"),
            found[4] ?? throw await UnknownAsync(connection, template, "language", locale.Language, "select code from res_lang order by active desc nulls last, code", cancellationToken),
            found[5] ?? throw await UnknownAsync(connection, template, "currency", locale.Currency, "select name from res_currency order by active desc nulls last, name", cancellationToken),
            await FindCountryAsync(connection, tables, place, cancellationToken));
    }

    private static async Task<int?> FindCountryAsync(
        NpgsqlConnection connection, OdooTables tables, TenantPlace place, CancellationToken cancellationToken)
    {
        var wanted = place.Locale.Country;
        var code = wanted ?? CountryOf(place.Locale.Language);
        if (code is null || !tables.Has("res_country"))
        {
            return null;
        }

        await using var command = new NpgsqlCommand("select id from res_country where code = $1", connection) { Parameters = { new() { Value = code } } };
        var id = (int?)await command.ExecuteScalarAsync(cancellationToken);
        return id is not null || wanted is null
            ? id
            : throw await UnknownAsync(connection, place.TemplateCode, "country", wanted, "select code from res_country order by code", cancellationToken);
    }

    private static string? CountryOf(string language) =>
        LanguageOfCountry().Match(language) is { Success: true } match ? match.Groups[1].Value : null;

    private static PermanentFailureException Missing(string template, string what) =>
        new($"The template '{template}' lacks {what}.");

    private static async Task<PermanentFailureException> UnknownAsync(
        NpgsqlConnection connection, string template, string what, string wanted, string listSql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(listSql, connection);
        var there = new List<string>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            there.Add(reader.GetString(0));
        }

        var more = there.Count > ShownAtMost ? $" and {there.Count - ShownAtMost} more" : string.Empty;
        return new PermanentFailureException(
            $"The template '{template}' does not know the {what} '{wanted}'; it has {string.Join(", ", there.Take(ShownAtMost))}{more}.");
    }

    [GeneratedRegex(@"^[a-z]{2,3}_([A-Z]{2})(?:@.*)?\z")]
    private static partial Regex LanguageOfCountry();
}
