namespace Bibind.Activities.Application.Odoo;

/// <summary>Whose database it was that a new tenant's is a copy of.</summary>
internal enum CopyOf
{
    /// <summary>Nobody's: a template.</summary>
    Template,

    /// <summary>Another tenant's, whose people and records stay.</summary>
    Tenant,
}

/// <summary>What is done about something that a copy inherits.</summary>
/// <param name="Table">The table; without it there is nothing to do.</param>
/// <param name="Columns">Further columns that the statement needs.</param>
/// <param name="Sql">The statement.</param>
/// <param name="Only">Null does it in every copy.</param>
internal sealed record OdooLeftover(string Table, string[] Columns, string Sql, CopyOf? Only = null);

/// <summary>
/// What waits, listens or speaks in the name of whoever a copy was made of. The page docs/odoo.md has the decision for each; what
/// has a history (mail, messages) is cancelled, what is only waiting is deleted.
/// </summary>
internal static class OdooLeftovers
{
    // As the application's own neutralisation writes it: an action without an address would stop whoever triggers it.
    private const string NoWebhook = "neutralization - disable webhook";

    /// <summary>Tables whose rows are somebody's keys, devices and traces, or wait to go out.</summary>
    public static readonly IReadOnlyList<string> Emptied =
    [
        "res_users_apikeys", "auth_totp_device", "auth_passkey_key", "res_users_log", "res_device_log", "auth_totp_rate_limit_log",
        "mail_push", "mail_push_device", "mail_scheduled_message", "mail_message_schedule", "mail_resend_message", "ir_cron_trigger", "bus_bus",
        "google_calendar_credentials", "change_password_user", "change_password_own", "res_users_identitycheck", "auth_totp_wizard",
    ];

    // Of a copy nothing goes out, and of a tenant that was brought back nothing goes out twice.
    private static readonly OdooLeftover[] Queue =
    [
        new("mail_mail", ["state"], "update public.mail_mail set state = 'cancel' where state in ('outgoing', 'exception')"),
        new(
            "mail_notification", ["notification_status", "notification_type"],
            "update public.mail_notification set notification_status = 'canceled' where notification_status in ('ready', 'process', 'exception') and notification_type <> 'inbox'"),
        new("sms_sms", ["state"], "update public.sms_sms set state = 'canceled' where state in ('outgoing', 'process', 'pending', 'error')"),
        new("snailmail_letter", ["state"], "update public.snailmail_letter set state = 'canceled' where state in ('pending', 'error')"),
        new("whatsapp_message", ["state"], "update public.whatsapp_message set state = 'cancel' where state in ('outgoing', 'error')"),
        new("social_post", ["state"], "update public.social_post set state = 'draft' where state in ('scheduled', 'posting')"),
        new("mailing_mailing", ["state"], "update public.mailing_mailing set state = 'draft' where state in ('in_queue', 'sending')"),
        new("marketing_campaign", ["state"], "update public.marketing_campaign set state = 'stopped' where state = 'running'"),
        new("account_edi_document", ["state"], "update public.account_edi_document set state = 'cancelled' where state in ('to_send', 'to_cancel')"),
    ];

    private static readonly OdooLeftover[] Statements =
    [
        new("digest_digest", ["state"], "update public.digest_digest set state = 'deactivated' where state = 'activated'", CopyOf.Tenant),

        // Mail servers.
        new("ir_mail_server", ["active"], "update public.ir_mail_server set active = false where active"),
        new("ir_mail_server", ["smtp_user"], "update public.ir_mail_server set smtp_user = null where smtp_user is not null"),
        new("ir_mail_server", ["smtp_ssl_certificate"], "update public.ir_mail_server set smtp_ssl_certificate = null where smtp_ssl_certificate is not null"),
        new("ir_mail_server", ["smtp_ssl_private_key"], "update public.ir_mail_server set smtp_ssl_private_key = null where smtp_ssl_private_key is not null"),
        new("mail_template", ["mail_server_id"], "update public.mail_template set mail_server_id = null where mail_server_id is not null"),
        new("mailing_mailing", ["mail_server_id"], "update public.mailing_mailing set mail_server_id = null where mail_server_id is not null"),
        new("fetchmail_server", ["active"], "update public.fetchmail_server set active = false where active"),
        new("fetchmail_server", ["state"], "update public.fetchmail_server set state = 'draft' where state <> 'draft'"),
        new("fetchmail_server", ["user"], "update public.fetchmail_server set \"user\" = null where \"user\" is not null"),
        new("mail_gateway_allowed", [], "delete from public.mail_gateway_allowed", CopyOf.Template),
        new("mail_alias", ["alias_domain_id", "alias_full_name", "alias_name"], "update public.mail_alias set alias_domain_id = null, alias_full_name = alias_name where alias_domain_id is not null", CopyOf.Template),
        new("mail_message", ["record_alias_domain_id"], "update public.mail_message set record_alias_domain_id = null where record_alias_domain_id is not null", CopyOf.Template),
        new("res_company", ["alias_domain_id"], "update public.res_company set alias_domain_id = null where alias_domain_id is not null", CopyOf.Template),
        new("mail_alias_domain", [], "delete from public.mail_alias_domain", CopyOf.Template),
        new(
            "ir_config_parameter", [],
            "delete from public.ir_config_parameter where key in ('mail.catchall.domain', 'mail.catchall.domain.allowed', 'mail.default.from_filter')", CopyOf.Template),

        // What calls others, and what others call.
        new(
            "ir_act_server", ["webhook_url"],
            $"update public.ir_act_server set webhook_url = '{NoWebhook}' where webhook_url <> '' and webhook_url <> '{NoWebhook}'"),
        new("base_automation", ["webhook_uuid"], "update public.base_automation set webhook_uuid = gen_random_uuid()::text where webhook_uuid is not null"),
        new(
            "payment_provider", ["code", "state", "is_published"],
            "update public.payment_provider set state = 'disabled', is_published = false where state <> 'disabled' and code not in ('none', 'custom', 'demo')"),
        new("payment_token", ["active"], "update public.payment_token set active = false where active"),
        new("iap_account", ["account_token"], "update public.iap_account set account_token = replace(gen_random_uuid()::text, '-', '') where account_token is not null"),
        new("delivery_carrier", ["prod_environment"], "update public.delivery_carrier set prod_environment = false where prod_environment"),
        new("account_edi_proxy_client_user", ["active"], "update public.account_edi_proxy_client_user set active = false where active"),
        new("ir_config_parameter", [], "update public.ir_config_parameter set value = 'demo' where key like '%.edi.mode' and value not in ('demo', 'test')"),

        // Signing in by others' services. The provider that goes by the database's own uuid goes by the new one.
        new(
            "auth_oauth_provider", ["client_id", "enabled"],
            """
            update public.auth_oauth_provider set enabled = false, client_id = null
            where client_id is distinct from (select value from public.ir_config_parameter where key = 'database.uuid') and (enabled or client_id is not null)
            """),
        new("res_users", ["oauth_uid", "oauth_provider_id"], "update public.res_users set oauth_uid = null, oauth_provider_id = null where oauth_uid is not null", CopyOf.Template),
        new("res_users_settings", ["google_synchronization_stopped"], "update public.res_users_settings set google_synchronization_stopped = true"),
        new("res_users_settings", ["microsoft_synchronization_stopped"], "update public.res_users_settings set microsoft_synchronization_stopped = true"),
        new("res_users", ["google_synchronization_stopped"], "update public.res_users set google_synchronization_stopped = true"),
        new("res_users", ["microsoft_synchronization_stopped"], "update public.res_users set microsoft_synchronization_stopped = true"),
        new("res_users", ["totp_secret"], "update public.res_users set totp_secret = null where totp_secret is not null"),
        new("res_partner", ["signup_type"], "update public.res_partner set signup_type = null where signup_type is not null"),
        new("discuss_channel", ["uuid"], "update public.discuss_channel set uuid = left(replace(gen_random_uuid()::text, '-', ''), 10) where uuid is not null"),

        // Websites: no name of a host that is another's, no visitors counted for others.
        new("website", ["domain"], "update public.website set domain = null where domain is not null"),
        new("website", ["cdn_activated", "cdn_url"], "update public.website set cdn_activated = false, cdn_url = null where cdn_activated or cdn_url is not null"),
        new("website", ["google_analytics_key"], "update public.website set google_analytics_key = null where google_analytics_key is not null"),
        new("website", ["google_search_console"], "update public.website set google_search_console = null where google_search_console is not null"),
        new("website", ["google_maps_api_key"], "update public.website set google_maps_api_key = null where google_maps_api_key is not null"),
        new("website", ["plausible_shared_key", "plausible_site"], "update public.website set plausible_shared_key = null, plausible_site = null where plausible_site is not null"),
    ];

    // A rehearsal is gone in minutes; a staging copy is worked in, and whoever switches a server on again must not reach the other's.
    private static readonly OdooLeftover[] Addresses =
    [
        new("ir_mail_server", ["smtp_host"], "update public.ir_mail_server set smtp_host = 'invalid' where smtp_host <> 'invalid'"),
        new("fetchmail_server", ["server"], "update public.fetchmail_server set server = null where server is not null"),
    ];

    /// <summary>The columns that statements here write to or ask.</summary>
    public static IEnumerable<(string Table, string Column)> Columns => Queue.Concat(Statements).Concat(Addresses).SelectMany(s => s.Columns.Select(c => (s.Table, c)));

    /// <summary>The tables that are looked at.</summary>
    public static IReadOnlyList<string> Tables { get; } = [.. Emptied, .. Queue.Concat(Statements).Select(s => s.Table), "ir_cron", "ir_attachment"];

    /// <summary>Adds the statements for what the database has.</summary>
    public static void Clear(SqlSteps steps, OdooTables tables, CopyOf original)
    {
        CancelQueue(steps, tables);
        Add(steps, tables, Statements.Where(s => (s.Only ?? original) == original));
        foreach (var table in Emptied.Where(t => tables.Has(t) && !tables.IsEmpty(t)))
        {
            steps.Add($"delete from public.{Database.SqlText.Identifier(table)}");
        }

        if (original == CopyOf.Tenant)
        {
            AddClosedMailServer(steps, tables);
        }
    }

    /// <summary>Takes the addresses of what is off away too.</summary>
    public static void ForgetAddresses(SqlSteps steps, OdooTables tables) => Add(steps, tables, Addresses);

    /// <summary>Cancels what waits to go out; nothing else is changed.</summary>
    public static void CancelQueue(SqlSteps steps, OdooTables tables) => Add(steps, tables, Queue);

    private static void Add(SqlSteps steps, OdooTables tables, IEnumerable<OdooLeftover> statements)
    {
        foreach (var statement in statements.Where(s => tables.Has(s.Table) && !tables.IsEmpty(s.Table) && tables.Has(s.Table, s.Columns)))
        {
            steps.Add(statement.Sql);
        }
    }

    // Without any, the application sends by the server that its own configuration names. Whoever adds a server of his own is
    // served by that: it comes before this one.
    private static void AddClosedMailServer(SqlSteps steps, OdooTables tables)
    {
        if (tables.Has("ir_mail_server", "name", "smtp_host", "smtp_port", "smtp_encryption", "smtp_authentication", "active", "sequence"))
        {
            steps.Add(
                """
                insert into public.ir_mail_server (name, smtp_host, smtp_port, smtp_encryption, smtp_authentication, active, sequence)
                select 'No mail leaves this copy', 'invalid', 1025, 'none', 'login', true, 1000
                where not exists (select from public.ir_mail_server where active and smtp_host = 'invalid')
                """);
        }
    }
}
