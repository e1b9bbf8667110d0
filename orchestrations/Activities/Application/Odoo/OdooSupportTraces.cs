using Bibind.ControlPlane;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>What a user made or changed that lets somebody in, or acts by itself: a door that an operator left open is seen.</summary>
internal static class OdooSupportTraces
{
    /// <summary>The tables that are looked at.</summary>
    public static readonly IReadOnlyList<string> Tables = ["ir_act_server", "ir_cron", "base_automation", "fetchmail_server", "ir_mail_server"];

    private const int MostOfAKind = 20;
    private const int LongestName = 80;

    private static readonly (string[] Columns, string Sql)[] Looks =
    [
        (["res_users.create_uid"], "select format('made user ''%s''', login) from public.res_users where create_uid = $1 and id <> $1"),
        (["res_users.create_uid", "res_users.write_uid"],
            "select format('changed user ''%s''', login) from public.res_users where write_uid = $1 and create_uid is distinct from $1 and id <> $1"),
        (["res_users_apikeys.user_id"], "select 'made itself API key ''' || name || ''', which is removed' from public.res_users_apikeys where user_id = $1"),
        (["res_users_apikeys.user_id", "res_users_apikeys.create_date", "res_users.create_date"],
            """
            select format('API key ''%s'' of user ''%s'' was made meanwhile', k.name, o.login)
            from public.res_users_apikeys k join public.res_users o on o.id = k.user_id join public.res_users u on u.id = $1
            where k.user_id <> $1 and k.create_date >= u.create_date
            """),
        (["res_users_apikeys.user_id", "res_users.create_uid"],
            """
            select format('user ''%s'', whom it made, has API key ''%s''', o.login, k.name)
            from public.res_users_apikeys k join public.res_users o on o.id = k.user_id where o.create_uid = $1 and o.id <> $1
            """),
        .. Tables.Select(table => (
            new[] { $"{table}.create_uid", $"{table}.write_uid" },
            $"select 'made or changed ' || count(*) || ' rows of {table}' from public.{table} where create_uid = $1 or write_uid = $1 having count(*) > 0")),
    ];

    /// <summary>Looks, in words.</summary>
    public static async Task<IReadOnlyList<string>> FindAsync(NpgsqlConnection connection, IReadOnlySet<string> columns, int user, CancellationToken cancellationToken)
    {
        var found = new List<string>();
        foreach (var (_, sql) in Looks.Where(l => l.Columns.All(columns.Contains)))
        {
            await using var look = new NpgsqlCommand($"{sql} limit {MostOfAKind}", connection) { Parameters = { new() { Value = user } } };
            await using var reader = await look.ExecuteReaderAsync(cancellationToken);
            while (await reader.ReadAsync(cancellationToken))
            {
                found.Add(Show(reader.GetString(0), 2 * LongestName));
            }
        }

        return found;
    }

    /// <summary>A name that the tenant's people wrote.</summary>
    public static string Show(string name, int longest = LongestName)
    {
        var shown = PlainText.Escape(name);
        return shown.Length <= longest ? shown : shown[..longest] + "…";
    }
}
