using Bibind.Activities.Credentials;
using Bibind.Contracts;

namespace Bibind.Activities.Application;

/// <summary>Makes the template's company and administrator the customer's.</summary>
internal static class OdooPeople
{
    public static void WriteCompany(SqlSteps steps, OdooTables tables, OdooReferences rows, TenantPlace place)
    {
        var locale = place.Locale;
        steps.Add("update res_lang set active = true, date_format = coalesce($2, date_format) where id = $1", rows.Language, Text(locale.DateFormat));
        steps.Add("update res_currency set active = true where id = $1", rows.Currency);
        steps.Add("update res_company set name = $2, currency_id = $3 where id = $1", rows.Company, place.Name, rows.Currency);
        if (tables.Has("res_company", "email"))
        {
            steps.Add("update res_company set email = $2 where id = $1", rows.Company, Text(place.CustomerEmail));
        }

        // The names that the application computes when it writes a partner, and would not when we do.
        steps.Add(
            """
            update res_partner set name = $2, complete_name = $2, commercial_company_name = $2, is_company = true,
                   email = $3, website = $4, vat = $5, country_id = coalesce($6, country_id), lang = $7, tz = $8
            where id = $1
            """,
            rows.CompanyPartner, place.Name, Text(place.CustomerEmail), place.BaseUrl, Text(locale.Vat), rows.Country, locale.Language,
            locale.TimeZone);
        steps.Add(
            """
            update res_partner set complete_name = concat_ws(', ', $2::text, nullif(name, '')), commercial_company_name = $2
            where parent_id = $1
            """,
            rows.CompanyPartner, place.Name);
    }

    public static void WriteAdministrator(SqlSteps steps, OdooTables tables, OdooReferences rows, TenantPlace place, string passwordHash)
    {
        steps.Add(
            "update res_users set login = $2, password = $3, company_id = $4, active = true, share = false where id = $1",
            rows.Administrator, TenantSecrets.AdministratorLogin, passwordHash, rows.Company);

        // Whoever built the template knows the passwords of its other users.
        steps.Add("update res_users set password = null where id <> $1 and password <> ''", rows.Administrator);
        if (tables.Has("res_company_users_rel"))
        {
            steps.Add(
                "insert into res_company_users_rel (cid, user_id) values ($1, $2) on conflict do nothing", rows.Company, rows.Administrator);
        }

        steps.Add(
            "update res_partner set email = $2, lang = $3, tz = $4 where id = $1",
            rows.AdministratorPartner, Text(place.CustomerEmail) ?? $"admin@{place.Host}", place.Locale.Language, place.Locale.TimeZone);
        if (tables.Has("res_partner", "email_normalized"))
        {
            steps.Add(
                "update res_partner set email_normalized = lower(trim(email)) where id in ($1, $2)", rows.CompanyPartner, rows.AdministratorPartner);
        }
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
