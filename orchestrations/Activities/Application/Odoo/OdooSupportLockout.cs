using System.Globalization;
using Bibind.Activities.Application.Masking;
using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Locks an operator's account out. It is archived, not deleted: what its user did stays attributed to it. It is known by its row and by when that was made, or by its
/// password; what has only its login, or only its number in a database of another time, is somebody else's.
/// </summary>
internal static class OdooSupportLockout
{
    // Somebody could have given a row a hash of a thousand million rounds.
    private const int MostRounds = 2_000_000;

    private const string FindSql =
        $"select id, login, {OdooSupportRows.Mark}, password from public.res_users where id = $1 or login = $2 or password = $3 order by id for update";

    private const string ColumnsSql =
        """
        select c.relname || '.' || a.attname from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
        where c.relnamespace = to_regnamespace('public') and c.relkind in ('r', 'p') and c.relname = any($1)
        """;

    private static readonly string[] Tables =
    [
        "res_users", "res_partner", "res_users_apikeys", "auth_totp_device", "auth_passkey_key", "res_device_log", "res_groups_users_rel", "mail_push_device",
        .. OdooSupportTraces.Tables,
    ];

    // Each where its column is.
    private static readonly (string Column, string Sql)[] Statements =
    [
        ("res_users.totp_secret", "update public.res_users set totp_secret = null where id = $1"),
        ("res_users.oauth_access_token", "update public.res_users set oauth_access_token = null where id = $1"),
        ("res_users.oauth_uid", "update public.res_users set oauth_uid = null where id = $1"),
        ("res_users_apikeys.user_id", "delete from public.res_users_apikeys where user_id = $1"),
        ("auth_totp_device.user_id", "delete from public.auth_totp_device where user_id = $1"),
        ("auth_passkey_key.create_uid", "delete from public.auth_passkey_key where create_uid = $1"),
        ("auth_passkey_key.user_id", "delete from public.auth_passkey_key where user_id = $1"),
        ("res_device_log.user_id", "delete from public.res_device_log where user_id = $1"),
        ("mail_push_device.partner_id", "delete from public.mail_push_device d using public.res_users u where u.id = $1 and d.partner_id = u.partner_id"),
        ("res_groups_users_rel.uid", "delete from public.res_groups_users_rel where uid = $1"),

        // Its contact, unless the tenant's people made it the contact of somebody.
        ("res_partner.active", "update public.res_partner p set active = false from public.res_users u where u.id = $1 and p.id = u.partner_id and p.name like 'Support (%' and not exists (select from public.res_users o where o.partner_id = p.id and o.id <> u.id)"),
        ("res_users.login",
            "update public.res_users set password = null, active = false, login = case when starts_with(login, 'support-ended-') then login else 'support-ended-' || gen_random_uuid() end where id = $1"),
    ];

    /// <summary>Does it, and looks whether it is so.</summary>
    /// <exception cref="PermanentFailureException">Something in the database brings it back.</exception>
    public static async Task<SupportLockout> RunAsync(NpgsqlConnection connection, SupportAccount account, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(account);
        var columns = await ReadColumnsAsync(connection, cancellationToken);
        if (!columns.Contains("res_users.login"))
        {
            throw new PermanentFailureException("The database has no table of users: whether the operator's account is gone cannot be told.");
        }

        int? ours;
        var left = new List<string>();
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            var code = await TenantCode.SetAsideAsync(connection, cancellationToken);
            var users = await FindAsync(connection, account, cancellationToken);
            ours = users.FirstOrDefault(u => IsOurs(u, account))?.Id;
            foreach (var copy in users.Where(u => u.Id != ours && HasPassword(u, account)))
            {
                await RunAsync(connection, "update public.res_users set password = null where id = $1", copy.Id, cancellationToken);
                left.Add($"user '{OdooSupportTraces.Show(copy.Login)}' had the account's password, which was taken away from it");
            }

            if (ours is { } id)
            {
                left.AddRange(await OdooSupportTraces.FindAsync(connection, columns, id, cancellationToken));
                foreach (var (_, sql) in Statements.Where(s => columns.Contains(s.Column)))
                {
                    await RunAsync(connection, sql, id, cancellationToken);
                }
            }

            await code.GiveBackAsync(cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        // Running processes remember sessions.
        await OdooSignals.ForgetCachesAsync(connection, cancellationToken);
        await ProveAsync(connection, account, columns, ours, cancellationToken);
        return new SupportLockout(ours is not null, left);
    }

    private static bool IsOurs(User user, SupportAccount account) => account.UserId is { } id
        ? user.Id == id && (user.Mark == account.Mark || HasPassword(user, account))
        : user.Login == account.Login && string.IsNullOrEmpty(user.Password);

    private static bool HasPassword(User user, SupportAccount account)
    {
        if (string.IsNullOrEmpty(user.Password) || account.Password is null)
        {
            return false;
        }

        try
        {
            return user.Password == account.Hash
                || (user.Password.Split('$') is [_, _, var rounds, ..] && int.TryParse(rounds, CultureInfo.InvariantCulture, out var count) && count <= MostRounds
                    && PasslibPbkdf2Sha512.Verify(account.Password, user.Password));
        }
        catch (FormatException)
        {
            return false;
        }
    }

    private static async Task<List<User>> FindAsync(NpgsqlConnection connection, SupportAccount account, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(FindSql, connection)
        {
            Parameters = { new() { Value = account.UserId ?? 0 }, new() { Value = account.Login }, new() { Value = account.Hash ?? string.Empty } },
        };
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        var users = new List<User>();
        while (await reader.ReadAsync(cancellationToken))
        {
            users.Add(new User(reader.GetInt32(0), reader.IsDBNull(1) ? string.Empty : reader.GetString(1), reader.GetString(2), reader.IsDBNull(3) ? null : reader.GetString(3)));
        }

        return users;
    }

    // After the commit, which is when whatever waits for it has run.
    private static async Task ProveAsync(
        NpgsqlConnection connection, SupportAccount account, HashSet<string> columns, int? ours, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await TenantCode.SetAsideAsync(connection, cancellationToken);
        var usable = (await FindAsync(connection, account, cancellationToken)).Any(u => HasPassword(u, account));
        if (ours is { } id)
        {
            string[] looks =
            [
                "exists (select from public.res_users where id = $1 and (active or password <> ''))",
                .. Statements.Where(s => s.Sql.StartsWith("delete from", StringComparison.Ordinal) && s.Column.EndsWith("_id", StringComparison.Ordinal) && !s.Sql.Contains(" using ", StringComparison.Ordinal))
                    .Where(s => columns.Contains(s.Column)).Select(s => $"exists (select {s.Sql["delete ".Length..]})"),
            ];
            await using var look = new NpgsqlCommand($"select {string.Join(" or ", looks)}", connection) { Parameters = { new() { Value = id } } };
            usable |= (bool)(await look.ExecuteScalarAsync(cancellationToken))!;
        }

        await transaction.RollbackAsync(cancellationToken);
        if (usable)
        {
            throw new PermanentFailureException($"The operator's account '{account.Login}' is still usable after it was locked out: something in the tenant's database brings it back. Look at its triggers, and suspend the tenant until it is gone.");
        }
    }

    private static async Task<HashSet<string>> ReadColumnsAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(ColumnsSql, connection) { Parameters = { new() { Value = Tables } } };
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        var columns = new HashSet<string>(StringComparer.Ordinal);
        while (await reader.ReadAsync(cancellationToken))
        {
            columns.Add(reader.GetString(0));
        }

        return columns;
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, int id, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { Parameters = { new() { Value = id } } };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private sealed record User(int Id, string Login, string Mark, string? Password)
    {
        public override string ToString() => Login;
    }
}
