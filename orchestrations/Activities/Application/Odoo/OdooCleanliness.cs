using Bibind.Activities.Database;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Looks whether a template holds what no tenant may inherit. It does not ask what <see cref="OdooLeftovers"/> and
/// <see cref="OdooSecrets"/> did, but what is there: what filled the template, or who opened it since, may have put it there.
/// </summary>
internal static class OdooCleanliness
{
    private sealed record Check(string Words, string Table, string[] Columns, string Condition);

    private static readonly Check[] Checks =
    [
        new("queued mail", "mail_mail", ["state"], "state in ('outgoing', 'exception')"),
        new("notifications that wait to go out", "mail_notification", ["notification_status", "notification_type"], "notification_status in ('ready', 'process') and notification_type <> 'inbox'"),
        new("queued text messages", "sms_sms", ["state"], "state in ('outgoing', 'process', 'pending')"),
        new("queued letters", "snailmail_letter", ["state"], "state = 'pending'"),
        new("queued messages of WhatsApp", "whatsapp_message", ["state"], "state = 'outgoing'"),
        new("planned messages", "mail_scheduled_message", [], "true"),
        new("mailings that wait to go out", "mailing_mailing", ["state"], "state in ('in_queue', 'sending')"),
        new("outgoing mail servers", "ir_mail_server", ["active", "smtp_host"], "active and smtp_host <> 'invalid'"),
        new("logins of outgoing mail servers", "ir_mail_server", ["smtp_user"], "smtp_user is not null"),
        new("incoming mail servers", "fetchmail_server", ["active"], "active"),
        new("a domain of outgoing addresses", "mail_alias_domain", [], "true"),
        new("outgoing addresses in parameters", "ir_config_parameter", ["key"], "key in ('mail.catchall.domain', 'mail.catchall.domain.allowed', 'mail.default.from_filter')"),
        new("webhooks that are called", "ir_act_server", ["webhook_url"], "webhook_url like 'http%'"),
        new("payment providers in use", "payment_provider", ["code", "state"], "state <> 'disabled' and code not in ('none', 'custom', 'demo')"),
        new(
            "providers to sign in with", "auth_oauth_provider", ["client_id", "enabled"],
            "enabled and client_id is distinct from (select value from public.ir_config_parameter where key = 'database.uuid')"),
        new("people's API keys", "res_users_apikeys", [], "true"),
        new("devices for messages", "mail_push_device", [], "true"),
    ];

    // What a tenant's own copy may have: it goes nowhere without a server that it is sent by.
    private static readonly string[] OfATenant = ["a domain of outgoing addresses", "outgoing addresses in parameters", "providers to sign in with"];

    private static readonly Check Crons = new("crons that run", "ir_cron", ["active"], "active");

    /// <summary>What is there, in words.</summary>
    public static Task<IReadOnlyList<string>> FindAsync(NpgsqlConnection connection, OdooTables tables, CancellationToken cancellationToken) =>
        FindAsync(connection, tables, Checks, cancellationToken);

    /// <summary>What is in a tenant's copy that could go out of it or run by itself, in words.</summary>
    public static Task<IReadOnlyList<string>> FindInCopyAsync(NpgsqlConnection connection, OdooTables tables, CancellationToken cancellationToken) =>
        FindAsync(connection, tables, [.. Checks.Where(c => !OfATenant.Contains(c.Words)), Crons], cancellationToken);

    private static async Task<IReadOnlyList<string>> FindAsync(
        NpgsqlConnection connection, OdooTables tables, IReadOnlyList<Check> checks, CancellationToken cancellationToken)
    {
        var questions = checks
            .Where(c => tables.Has(c.Table) && tables.Has(c.Table, c.Columns))
            .Select(c => Question(c.Words, c.Table, c.Condition))
            .Concat(OdooSecrets.FindEmptied(tables).Select(c => Question(
                $"credentials in {c.Table}.{c.Name}", c.Table, $"{SqlText.Identifier(c.Name)} is not null and {SqlText.Identifier(c.Name)}::text not in ('', '\\x')")))
            .Append($"select 'credentials in the parameter ' || key from public.ir_config_parameter where {OdooSecrets.IsParameter}");
        await using var command = new NpgsqlCommand($"{string.Join("\nunion all ", questions)}\norder by 1", connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<string>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(reader.GetString(0));
        }

        return found;
    }

    private static string Question(string words, string table, string condition) =>
        $"select {SqlText.Literal(words)} where exists (select from public.{SqlText.Identifier(table)} where {condition})";
}
