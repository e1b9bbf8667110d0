using System.Text.RegularExpressions;
using Bibind.Activities.Database;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Credentials of other services, found by what their columns and parameters are called: each module brings its own, and none
/// of a template's or of another tenant's may be in a copy.
/// </summary>
internal static partial class OdooSecrets
{
    /// <summary>One of these is in the name of each column that may hold a secret. PostgreSQL looks for words ten times as fast as for the expression.</summary>
    public static readonly IReadOnlyList<string> ColumnWords =
        ["pass", "pwd", "credential", "secret", "pkcs12", "key", "hmac", "token", "session_iv", "authorization_code", "access_code"];

    /// <summary>Columns that may hold a secret.</summary>
    internal const string ColumnPattern =
        "(^|_)(pass|passwd?|password|passphrase|pwd|credential|secret|secret_key|pkcs12|api_?key|access_?key|license_?key|private_key|signature_key|replacement_key|transaction_key|"
        + "client_key|publishable_key|notification_key|webhook_key|hmac|hmac_key|client_secret|authorization_code|session_key|session_iv|rtoken|token|access_code)$"
        + "|(secret|password|passphrase|hmac|private_key|_api_key|_token|_rtoken)";

    // Which account at a service it is: without the secret it is of no use, with a new one it would be the wrong account.
    public static readonly IReadOnlyList<string> Integrations = ["payment_provider", "pos_payment_method", "delivery_carrier", "auth_oauth_provider", "calendar_provider_config"];

    // What the application says of itself or keeps for its own people; written elsewhere or left as it is.
    private static readonly HashSet<(string Table, string Column)> Others =
    [
        ("res_users", "password"), ("ir_ui_view", "visibility_password"), ("website_visitor", "access_token"), ("ir_attachment", "access_token"),
        ("auth_oauth_provider", "client_id"), ("iap_account", "account_token"),
    ];

    // Keys in 16 to 19, and what modules of others call theirs.
    private const string ParameterPattern =
        "(secret|passw|passphrase|api_?key|private_key|access_key|secret_key|vapid|sfu_(server|local)_key|credential|account_(sid|token|info)|recaptcha|turnstile|unsplash|"
        + "client_id$|(^|[._])token$|(auth|access|refresh|api|bearer)_token|smtp_|webhook|cloud_storage_)";

    // They are called so and are none: rules about passwords, and the database's own secret, which every copy gets anew.
    private const string OtherParameterPattern = "^(database\\.secret|auth_signup\\.|auth_password_policy\\.|password\\.|portal\\.allow_api_keys|bibind\\.)";

    /// <summary>Takes every secret away; tokens by which records are shared are replaced.</summary>
    public static void Clear(SqlSteps steps, OdooTables tables)
    {
        foreach (var table in Find(tables).Where(c => !tables.IsEmpty(c.Table)).GroupBy(c => c.Table))
        {
            var columns = table.ToList();
            var values = columns.Select(c => $"{SqlText.Identifier(c.Name)} = {NewValue(c)}");
            var filled = columns.Select(c => $"{SqlText.Identifier(c.Name)} is not null");
            steps.Add($"update public.{SqlText.Identifier(table.Key)} set {string.Join(", ", values)} where {string.Join(" or ", filled)}");
        }

        steps.Add($"delete from public.ir_config_parameter where {IsParameter}");
    }

    /// <summary>SQL that is true for a parameter which holds a secret.</summary>
    public static string IsParameter => $"key ~ {SqlText.Literal(ParameterPattern)} and key !~ {SqlText.Literal(OtherParameterPattern)}";

    /// <summary>The columns that are empty in a clean template; those of records that are shared by a token get another one instead.</summary>
    public static IEnumerable<OdooColumn> FindEmptied(OdooTables tables) => Find(tables).Where(c => !c.IsRequired && !IsShared(c));

    /// <summary>The columns that hold one; not those that people added themselves (<c>x_</c>), whose meaning nobody else knows.</summary>
    internal static IEnumerable<OdooColumn> Find(OdooTables tables) =>
        tables.Columns.Where(c => c.HoldsText && !c.Name.StartsWith("x_", StringComparison.Ordinal) && !Others.Contains((c.Table, c.Name)) && !IsOurs(c.Table)
            && (Column().IsMatch(c.Name) || (Integrations.Contains(c.Table) && Account().IsMatch(c.Name))));

    // Those tables are emptied.
    private static bool IsOurs(string table) => OdooLeftovers.Emptied.Contains(table);

    // What must not be empty must often be unique too.
    private static string NewValue(OdooColumn column) =>
        column.Type == "bytea" ? column.IsRequired ? "''::bytea" : "null"
        : column.IsRequired || IsShared(column) ? $"case when {SqlText.Identifier(column.Name)} is not null then gen_random_uuid()::text end"
        : "null";

    // A record that is shown to whoever has its token; the same word stands for what a service gave to a user.
    private static bool IsShared(OdooColumn column) =>
        column.Name == "access_token" && column.Table is not ("calendar_provider_config" or "account_edi_proxy_client_user");

    [GeneratedRegex(ColumnPattern)]
    private static partial Regex Column();

    [GeneratedRegex("(client|merchant|account|identifier|login|username|pspid|terminal|webhook|email_account|service_ref)")]
    private static partial Regex Account();
}
