using System.Text.Json;
using Bibind.Contracts;

namespace Bibind.Activities.Application.Odoo;

/// <summary>What the application takes where nobody says otherwise: language, time zone, websites, prices, paper.</summary>
internal static class OdooDefaults
{
    private static readonly string[] Letter = ["US", "CA", "MX", "PH", "CL", "CO", "VE", "GT", "CR", "PA", "DO", "SV", "NI", "PR"];

    public static void Write(SqlSteps steps, OdooTables tables, OdooReferences rows, TemplateContents contents, TenantDescriptor place)
    {
        var locale = place.Locale;
        if (Text(locale.DateFormat) is { } format)
        {
            steps.Add("update public.res_lang set date_format = $2 where id = $1", rows.Language, format);
        }

        SetDefault(steps, tables, "lang", locale.Language);
        SetDefault(steps, tables, "tz", locale.TimeZone);

        // The people that come with the application: its visitors and those whom it makes after a pattern.
        steps.Add(
            "update public.res_partner set lang = $1 where lang is not null and lang <> $1 and id in (select partner_id from public.res_users)", locale.Language);
        WriteWebsites(steps, tables, rows, place);
        if (contents.Currency != locale.Currency && tables.Has("product_pricelist", "currency_id"))
        {
            steps.Add(
                "update public.product_pricelist set currency_id = $1 where currency_id = (select id from public.res_currency where name = $2)",
                rows.Currency, contents.Currency ?? string.Empty);
        }

        if (TemplateFit.CountryOf(contents, locale) is { } country && tables.Has("report_paperformat", "format") && tables.Has("res_company", "paperformat_id"))
        {
            steps.Add(
                "update public.res_company set paperformat_id = coalesce((select min(id) from public.report_paperformat where format = $2 and \"default\"), (select min(id) from public.report_paperformat where format = $2), paperformat_id) where id = $1",
                rows.Company, Letter.Contains(country) ? "Letter" : "A4");
        }
    }

    // A default for everybody. The application writes one for the language when it loads it.
    private static void SetDefault(SqlSteps steps, OdooTables tables, string field, string value)
    {
        if (!tables.Has("ir_default", "field_id", "json_value", "user_id", "company_id", "condition") || !tables.Has("ir_model_fields", "model", "name"))
        {
            return;
        }

        const string Field = "(select id from public.ir_model_fields where model = 'res.partner' and name = $1)";
        var json = JsonSerializer.Serialize(value);
        steps.Add($"delete from public.ir_default where field_id = {Field} and (user_id is not null or company_id is not null or json_value <> $2)", field, json);
        steps.Add(
            $"""
            insert into public.ir_default (field_id, json_value) select f.id, $2 from public.ir_model_fields f
            where f.id = {Field} and not exists (select from public.ir_default d where d.field_id = f.id)
            """,
            field, json);
    }

    private static void WriteWebsites(SqlSteps steps, OdooTables tables, OdooReferences rows, TenantDescriptor place)
    {
        if (!tables.Has("website", "default_lang_id", "name", "company_id"))
        {
            return;
        }

        // Templates may hold several, each with pages of its own; the first is the one that visitors get.
        steps.Add(
            "update public.website set name = $2 where id = (select min(id) from public.website where company_id = $1)", rows.Company, place.Name);
        steps.Add("update public.website set default_lang_id = $2 where company_id = $1", rows.Company, rows.Language);
        if (tables.Has("website_lang_rel", "website_id", "lang_id"))
        {
            steps.Add(
                "insert into public.website_lang_rel (website_id, lang_id) select id, $2 from public.website where company_id = $1 on conflict do nothing",
                rows.Company, rows.Language);
        }

        foreach (var column in new[] { "social_twitter", "social_facebook", "social_github", "social_linkedin", "social_youtube", "social_instagram", "social_tiktok", "social_discord" })
        {
            if (tables.Find("website", column) is { IsRequired: false })
            {
                steps.Add($"update public.website set {column} = null where {column} is not null");
            }
        }
    }

    private static string? Text(string? value) => string.IsNullOrWhiteSpace(value) ? null : value.Trim();
}
