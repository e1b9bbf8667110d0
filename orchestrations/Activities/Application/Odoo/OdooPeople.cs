using Bibind.Activities.Credentials;
using Bibind.Contracts;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Makes the template's company and administrator the customer's.</summary>
internal static class OdooPeople
{
    // Where the template's builder lives, and how to reach him.
    private static readonly string[] Address =
        ["street", "street2", "zip", "city", "state_id", "phone", "mobile", "phone_sanitized", "company_registry", "partner_latitude", "partner_longitude", "contact_address_complete"];

    private static readonly string[] OfCompany =
    [
        "phone", "mobile", "company_details", "report_header", "report_footer", "social_twitter", "social_facebook", "social_github", "social_linkedin", "social_youtube",
        "social_instagram", "social_tiktok", "social_discord", "email_formatted", "siret", "ape",
    ];

    public static void WriteCompany(SqlSteps steps, OdooTables tables, OdooReferences rows, TenantDescriptor place)
    {
        var locale = place.Locale;
        steps.Add("update public.res_currency set active = true where id = $1", rows.Currency);
        steps.Add("update public.res_company set name = $2, currency_id = $3 where id = $1", rows.Company, place.Name, rows.Currency);
        if (tables.Has("res_company", "email"))
        {
            steps.Add("update public.res_company set email = $2 where id = $1", rows.Company, Text(place.CustomerEmail));
        }

        Empty(steps, tables, "res_company", OfCompany, rows.Company);
        Empty(steps, tables, "res_partner", Address, rows.CompanyPartner);

        // The names that the application computes when it writes a partner, and would not when we do.
        steps.Add(
            """
            update public.res_partner set name = $2, complete_name = $2, commercial_company_name = $2, is_company = true,
                   email = $3, website = $4, vat = $5, country_id = coalesce($6, country_id), lang = $7, tz = $8
            where id = $1
            """,
            rows.CompanyPartner, place.Name, Text(place.CustomerEmail), place.BaseUrl, Text(locale.Vat), rows.Country, locale.Language,
            locale.TimeZone);
        steps.Add(
            """
            update public.res_partner set complete_name = concat_ws(', ', $2::text, nullif(name, '')), commercial_company_name = $2
            where parent_id = $1
            """,
            rows.CompanyPartner, place.Name);

        // An account to pay into: nobody pays the template's builder.
        if (tables.Has("res_partner_bank", "partner_id", "active"))
        {
            if (tables.Has("account_journal", "bank_account_id"))
            {
                steps.Add(
                    "update public.account_journal set bank_account_id = null where bank_account_id in (select id from public.res_partner_bank where partner_id = $1)",
                    rows.CompanyPartner);
            }

            steps.Add("update public.res_partner_bank set active = false where partner_id = $1", rows.CompanyPartner);
        }
    }

    public static void WriteAdministrator(SqlSteps steps, OdooTables tables, OdooReferences rows, TenantDescriptor place, string passwordHash)
    {
        steps.Add(
            "update public.res_users set login = $2, password = $3, company_id = $4, active = true, share = false where id = $1",
            rows.Administrator, TenantSecrets.AdministratorLogin, passwordHash, rows.Company);

        // Whoever built the template knows the passwords of its other users, and gets the mail by which they are set anew.
        steps.Add("update public.res_users set password = null where id <> $1 and password <> ''", rows.Administrator);
        steps.Add("update public.res_users set active = false where id <> $1 and active", rows.Administrator);
        if (tables.Has("res_company_users_rel"))
        {
            steps.Add(
                "insert into public.res_company_users_rel (cid, user_id) values ($1, $2) on conflict do nothing", rows.Company, rows.Administrator);
        }

        Empty(steps, tables, "res_partner", Address, rows.AdministratorPartner);
        steps.Add(
            "update public.res_partner set email = $2, lang = $3, tz = $4 where id = $1",
            rows.AdministratorPartner, Text(place.CustomerEmail) ?? $"admin@{place.Host}", place.Locale.Language, place.Locale.TimeZone);
        if (tables.Has("res_partner", "email_normalized"))
        {
            steps.Add(
                "update public.res_partner set email_normalized = lower(trim(email)) where id in ($1, $2)", rows.CompanyPartner, rows.AdministratorPartner);
        }
    }

    private static void Empty(SqlSteps steps, OdooTables tables, string table, IEnumerable<string> columns, int id)
    {
        var there = columns.Where(c => tables.Find(table, c) is { IsRequired: false }).ToList();
        if (there.Count > 0)
        {
            steps.Add($"update public.{table} set {string.Join(", ", there.Select(c => $"{c} = null"))} where id = $1", id);
        }
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
