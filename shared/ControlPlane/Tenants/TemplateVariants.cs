using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Chooses, of the templates of one family, the one that fits an order's language and country best.</summary>
internal static class TemplateVariants
{
    private const int MostNamed = 10;

    /// <summary>What is to be cloned.</summary>
    /// <param name="Code">The template; null if none offers what the order asks for.</param>
    /// <param name="Refusal">Why none does.</param>
    public sealed record Choice(string? Code, ReservationRefused? Refusal);

    /// <summary>
    /// The template with the wanted code where it has no family. Else the most specific one that offers what is ordered: made for the
    /// country and the language, for the country, for the language, for neither.
    /// </summary>
    /// <param name="connection">The reservation's.</param>
    /// <param name="transaction">The reservation's.</param>
    /// <param name="wanted">A template's code, or a family's.</param>
    /// <param name="order">The order.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static async Task<Choice> ChooseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string wanted, TenantOrder order, CancellationToken cancellationToken)
    {
        // One that is ready nowhere is refused where servers are looked for, with each server's reason.
        var rows = (await connection.QueryAsync<Row>(Sql.Command(
            """
            select distinct on (m.code, m.content_hash) m.code, m.language, m.contents
            from control.templates m join control.servers s on s.id = m.server_id
            where (m.code = @wanted or m.family = @wanted) and m.state = 'ready' and s.state = 'active' and not s.draining
            order by m.code, m.content_hash
            """,
            new { wanted }, transaction, cancellationToken))).AsList();
        var codes = rows.Select(r => r.Code).Distinct(StringComparer.Ordinal).ToList();
        if (codes.Count == 0 || (codes.Count == 1 && codes[0] == wanted))
        {
            return new Choice(wanted, null);
        }

        if (order.IsRestored)
        {
            return new Choice(codes.Contains(wanted) ? wanted : codes[0], null);
        }

        var country = TemplateFit.CountryAskedFor(order.Locale);
        var best = rows
            .Where(r => r.Contents is null || TemplateFit.ProblemWith(r.Code, r.Contents, order.Locale) is null)
            .OrderByDescending(r => Score(r, order.Locale, country))
            .ThenByDescending(r => r.Code == wanted)
            .ThenBy(r => r.Code, StringComparer.Ordinal)
            .FirstOrDefault();
        return best is not null ? new Choice(best.Code, null) : new Choice(null, Refuse(wanted, rows, order.Locale));
    }

    private static int Score(Row row, TenantLocale locale, string? country) =>
        (country is not null && row.Contents?.FiscalCountry == country ? 2 : 0) + (row.Language == locale.Language ? 1 : 0);

    private static ReservationRefused Refuse(string wanted, IReadOnlyList<Row> rows, TenantLocale locale)
    {
        var misfits = rows.Select(r => TemplateFit.ProblemWith(r.Code, r.Contents!, locale)!).DistinctBy(m => m.Message).ToList();
        var more = misfits.Count > MostNamed ? $" And {misfits.Count - MostNamed} more." : string.Empty;

        // All fail by the language, say: that is the field to change. Else the country is what they differ by.
        var field = misfits.Select(m => m.Field).Distinct(StringComparer.Ordinal).Count() == 1 ? misfits[0].Field : "locale.country";
        return new ReservationRefused(
            ReservationRefusalKind.LocaleNotOffered, field,
            $"No template of '{wanted}' offers what is ordered. {string.Join(' ', misfits.Take(MostNamed).Select(m => m.Message))}{more}");
    }

    private sealed record Row
    {
        public string Code { get; init; } = string.Empty;
        public string Language { get; init; } = string.Empty;
        public TemplateContents? Contents { get; init; }
    }
}
