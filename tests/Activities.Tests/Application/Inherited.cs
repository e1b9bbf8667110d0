namespace Bibind.Activities.Tests.Application;

/// <summary>Something that a copy inherits.</summary>
/// <param name="Thing">What docs/odoo.md calls it.</param>
/// <param name="Setup">Puts it into what is copied, with the columns that Odoo 19 has.</param>
/// <param name="Left">Counts what must not be in the copy.</param>
/// <param name="OfTenants">False where a tenant's copy keeps it.</param>
public sealed record Inherited(string Thing, string Setup, string Left, bool OfTenants = true)
{
    public static IReadOnlyList<Inherited> All { get; } =
    [
        new(
            "queued mail",
            """
            insert into mail_mail (mail_message_id, state, email_to, body_html) select id, s, 'customer@example.org', 'Invoice'
            from (select min(id) as id from mail_message) m, unnest(array['outgoing', 'exception', 'sent']) s
            """,
            "mail_mail where state in ('outgoing', 'exception')"),
        new(
            "notifications by mail",
            """
            insert into mail_notification (mail_message_id, res_partner_id, notification_type, notification_status)
            select id, 3, 'email', 'ready' from (select min(id) as id from mail_message) m
            """,
            "mail_notification where notification_status in ('ready', 'process')"),
        new(
            "queued text messages",
            "insert into sms_sms (number, state) values ('+33600000000', 'outgoing'), ('+33600000001', 'sent')",
            "sms_sms where state in ('outgoing', 'process', 'pending')"),
        new(
            "queued letters",
            "create table snailmail_letter (id serial primary key, model varchar not null, res_id int not null, state varchar not null); insert into snailmail_letter (model, res_id, state) values ('account.move', 1, 'pending')",
            "snailmail_letter where state = 'pending'"),
        new(
            "planned messages",
            """
            create table mail_scheduled_message (id serial primary key, res_id int not null, model varchar not null, scheduled_date timestamp not null, body text);
            insert into mail_scheduled_message (res_id, model, scheduled_date, body) values (1, 'res.partner', now(), 'Dear customer')
            """,
            "mail_scheduled_message"),
        new(
            "mailings",
            "create table mailing_mailing (id serial primary key, subject varchar not null, state varchar not null, mail_server_id int); insert into mailing_mailing (subject, state, mail_server_id) values ('Sale', 'in_queue', 1)",
            "mailing_mailing where state in ('in_queue', 'sending') or mail_server_id is not null"),
        new("mail servers", "select 1", "ir_mail_server where (active and smtp_host <> 'invalid') or smtp_pass is not null or smtp_user is not null"),
        new("mail servers of templates of messages", "select 1", "mail_template where mail_server_id is not null"),
        new("incoming mail", "select 1", "fetchmail_server where active or password is not null or \"user\" is not null or state = 'done'"),
        new(
            "access of mail servers",
            "alter table ir_mail_server add google_gmail_refresh_token varchar, add google_gmail_access_token varchar, add smtp_ssl_private_key bytea; update ir_mail_server set google_gmail_refresh_token = 'r', google_gmail_access_token = 'a', smtp_ssl_private_key = 'k'",
            "ir_mail_server where google_gmail_refresh_token is not null or google_gmail_access_token is not null or smtp_ssl_private_key is not null"),
        new("the domain of replies", "select 1", "mail_alias_domain", OfTenants: false),
        new(
            "senders let through",
            "create table mail_gateway_allowed (id serial primary key, email varchar not null); insert into mail_gateway_allowed (email) values ('builder@example.org')",
            "mail_gateway_allowed", OfTenants: false),
        new("webhooks that are called", "select 1", "ir_act_server where webhook_url like 'http%'"),
        new("webhooks that can be called", "select 1", "base_automation where webhook_uuid like '00000000-0000-4000-8000-%'"),
        new(
            "payment providers",
            "alter table payment_provider add stripe_secret_key varchar, add stripe_publishable_key varchar, add adyen_merchant_account varchar, add paypal_email_account varchar not null default ''; update payment_provider set stripe_secret_key = 'sk_live', stripe_publishable_key = 'pk_live', adyen_merchant_account = 'Builder', paypal_email_account = 'builder@example.org'",
            "payment_provider where (code not in ('custom', 'demo') and (state <> 'disabled' or is_published)) or stripe_secret_key is not null or stripe_publishable_key is not null or adyen_merchant_account is not null or paypal_email_account like 'builder%'"),
        new(
            "saved cards",
            "insert into payment_token (provider_id, partner_id, payment_details, provider_ref, active) values (1, 3, '4242', 'pm_1', true)", "payment_token where active"),
        new("credit at services", "select 1", "iap_account where account_token = '00000000-0000-4000-8000-00000000a9c1' or account_token is null"),
        new(
            "signing in by others",
            """
            create table auth_oauth_provider (id serial primary key, name varchar not null, client_id varchar, enabled boolean, auth_endpoint varchar not null, client_secret varchar);
            insert into auth_oauth_provider (name, client_id, enabled, auth_endpoint, client_secret) values
              ('Google', '123.apps.googleusercontent.com', true, 'https://accounts.google.com', 's'),
              ('Odoo.com', (select value from ir_config_parameter where key = 'database.uuid'), true, 'https://accounts.odoo.com', null)
            """,
            """
            auth_oauth_provider where (client_id is distinct from (select value from ir_config_parameter where key = 'database.uuid') and (enabled or client_id is not null))
              or client_secret is not null or (name = 'Odoo.com' and not enabled)
            """),
        new(
            "calendars of others",
            """
            alter table res_users add microsoft_calendar_token varchar, add microsoft_calendar_rtoken varchar, add oauth_access_token varchar;
            alter table res_users_settings add google_calendar_rtoken varchar, add google_calendar_token varchar, add google_calendar_sync_token varchar, add google_synchronization_stopped boolean;
            update res_users set microsoft_calendar_token = 't', microsoft_calendar_rtoken = 'r', oauth_access_token = 'o';
            update res_users_settings set google_calendar_rtoken = 'r', google_calendar_token = 't', google_calendar_sync_token = 's'
            """,
            """
            (select 1 from res_users where coalesce(microsoft_calendar_token, microsoft_calendar_rtoken, oauth_access_token) is not null
             union all select 1 from res_users_settings where coalesce(google_calendar_rtoken, google_calendar_token, google_calendar_sync_token) is not null or google_synchronization_stopped is not true) x
            """),
        new(
            "devices for messages",
            "insert into mail_push_device (partner_id, endpoint, keys) values (3, 'https://push.example.org/1', '{}'); insert into mail_push (mail_push_device_id, payload) select id, '{}' from mail_push_device",
            "(select 1 from mail_push union all select 1 from mail_push_device) x"),
        new(
            "keys in parameters",
            """
            insert into ir_config_parameter (key, value) values ('mail.web_push_vapid_private_key', 'k'), ('mail.web_push_vapid_public_key', 'k'), ('mail.sfu_server_key', 'k'),
              ('google_calendar_client_secret', 'k'), ('google_calendar_client_id', 'k'), ('microsoft_outlook_client_secret', 'k'), ('unsplash.access_key', 'k'), ('recaptcha_private_key', 'k'),
              ('cloud_storage_google_account_info', 'k'), ('mail.twilio_account_token', 'k'), ('base_geolocalize.google_map_api_key', 'k'), ('cf.turnstile_secret_key', 'k'),
              ('discuss.tenor_api_key', 'k'), ('mail.google_translate_api_key', 'k'), ('my_module.api_token', 'k')
            """,
            "ir_config_parameter where value = 'k'"),
        new(
            "credentials of modules that we do not know",
            "create table acme_shipping_account (id serial primary key, name varchar, api_secret varchar not null unique, login_password varchar); insert into acme_shipping_account (name, api_secret, login_password) values ('a', 'secret', 'p')",
            "acme_shipping_account where api_secret = 'secret' or login_password is not null or name is null"),
        new("keys of people", "select 1", "(select 1 from res_users_apikeys union all select 1 from auth_totp_device union all select 1 from auth_passkey_key union all select 1 from res_device_log) x"),
        new("invitations", "alter table res_partner add signup_token varchar; update res_partner set signup_token = 's', signup_type = 'reset' where id = 3", "res_partner where signup_token is not null or signup_type is not null"),
        new(
            "shared documents",
            "create table sale_order (id serial primary key, name varchar, access_token varchar); insert into sale_order (name, access_token) values ('S1', 'known'), ('S2', null); insert into mail_guest (name, access_token) values ('Guest', 'known')",
            "(select 1 from sale_order where access_token = 'known' or (name = 'S2' and access_token is not null) union all select 1 from mail_guest where access_token = 'known') x"),
        new("channels that can be joined", "select 1", "discuss_channel where uuid = 'general-0000000001'"),
        new("crons that are due", "insert into ir_cron_trigger (cron_id, call_at) select min(id), now() from ir_cron", "(select 1 from ir_cron where nextcall <= (now() at time zone 'UTC') union all select 1 from ir_cron_trigger) x"),
        new(
            "carriers",
            "create table delivery_carrier (id serial primary key, name jsonb not null, prod_environment boolean, ups_password varchar); insert into delivery_carrier (name, prod_environment, ups_password) values ('{}', true, 'p')",
            "delivery_carrier where prod_environment or ups_password is not null"),
        new(
            "electronic invoicing",
            """
            create table account_edi_proxy_client_user (id serial primary key, active boolean, id_client varchar not null, refresh_token varchar, proxy_type varchar not null);
            insert into account_edi_proxy_client_user (active, id_client, refresh_token, proxy_type) values (true, 'c', 'r', 'peppol');
            insert into ir_config_parameter (key, value) values ('account_peppol.edi.mode', 'prod')
            """,
            "(select 1 from account_edi_proxy_client_user where active or refresh_token is not null union all select 1 from ir_config_parameter where key = 'account_peppol.edi.mode' and value <> 'demo') x"),
        new(
            "hosts and visitors of websites",
            """
            create table website (id serial primary key, company_id int not null, default_lang_id int not null, name varchar not null, domain varchar, cdn_url varchar, cdn_activated boolean, google_analytics_key varchar);
            create table website_lang_rel (website_id int not null, lang_id int not null, primary key (website_id, lang_id));
            insert into website (company_id, default_lang_id, name, domain, cdn_url, cdn_activated, google_analytics_key)
            values (1, (select id from res_lang where code = 'en_US'), 'My Website', 'https://builder.example.org', 'https://cdn.example.org', true, 'G-1')
            """,
            "website where domain is not null or cdn_url is not null or cdn_activated or google_analytics_key is not null"),
        new(
            "the licence", "select 1", "ir_config_parameter where key like 'database.expiration%' or key = 'database.enterprise_code'"),
        new(
            "the address of the company",
            "update res_partner set street = 'Builder street', zip = '1', city = 'Town', phone = '1', mobile = '2' where id in (1, 3); update res_company set phone = '1', report_footer = '{\"en_US\": \"Builder\"}'",
            "(select 1 from res_partner where id in (1, 3) and coalesce(street, zip, city, phone, mobile) is not null union all select 1 from res_company where phone is not null or report_footer is not null) x",
            OfTenants: false),
        new(
            "the account to pay into", "insert into res_partner_bank (partner_id, acc_number, active) values (1, 'FR7630006000011234567890189', true)",
            "res_partner_bank where partner_id = 1 and active", OfTenants: false),
        new(
            "other people", "insert into res_partner (name, active, email, type) values ('Builder', true, 'builder@example.org', 'contact'); insert into res_users (company_id, partner_id, active, login, password, share, notification_type) select 1, max(id), true, 'builder', 'x', false, 'email' from res_partner",
            "res_users where id <> 2 and (active or password <> '')", OfTenants: false),
    ];
}
