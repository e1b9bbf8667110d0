using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>The account of an operator as it stands in a tenant's database.</summary>
/// <param name="Id">Its row.</param>
/// <param name="Mark">When that was made.</param>
internal sealed record OdooSupportUser(int Id, string Mark);

/// <summary>The part of making an operator's account that is SQL: a key for one call before it; password and groups after it.</summary>
internal static class OdooSupportRows
{
    /// <summary>When a user's row was made, as a text that is compared.</summary>
    internal const string Mark = "coalesce(to_char(create_date, 'YYYY-MM-DD HH24:MI:SS.US'), '')";

    // Ours, so that whoever comes after a crash finds what was left.
    private const string KeyName = "bibind: support account";
    private const int KeyMinutes = 10;

    private const string FindAdministratorSql =
        "select u.id from public.ir_model_data d join public.res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin'";

    // A moment that no other row has, until it is recorded.
    private const string ClaimSql =
        $"""
        update public.res_users set create_date = case when $2 then create_date else clock_timestamp() at time zone 'utc' end
        where login = $1 returning id, {Mark}
        """;

    private const string FinishSql = $"update public.res_users set password = $3, active = true where id = $1 and login = $2 and {Mark} = $4";

    // With all that it implies: the application adds that when it writes groups, and would not when we do.
    private const string AdministratorSql =
        """
        with recursive granted (id) as (
          select d.res_id from public.ir_model_data d where d.module = 'base' and d.name = 'group_system' and d.model = 'res.groups'
          union select i.hid from public.res_groups_implied_rel i join granted g on i.gid = g.id)
        insert into public.res_groups_users_rel (gid, uid) select g.id, $1 from granted g on conflict do nothing
        """;

    /// <summary>The account, if it is there; else a key of ten minutes for the call that makes it.</summary>
    /// <exception cref="PermanentFailureException">The database has no administrator.</exception>
    public static async Task<(OdooSupportUser? User, OdooKey? Key)> BeginAsync(NpgsqlConnection connection, string login, bool isRecorded, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await OdooKeyRows.RemoveAsync(connection, KeyName, cancellationToken);
        OdooKey? key = null;
        var user = await FindAsync(connection, login, isRecorded, cancellationToken);
        if (user is null)
        {
            await using var who = new NpgsqlCommand(FindAdministratorSql, connection);
            key = OdooKey.Make((int?)await who.ExecuteScalarAsync(cancellationToken)
                ?? throw new PermanentFailureException("The tenant's database has no administrator (base.user_admin), in whose name the account could be made."));
            await OdooKeyRows.InsertAsync(connection, key, KeyName, KeyMinutes, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return (user, key);
    }

    /// <summary>The account, or null.</summary>
    public static async Task<OdooSupportUser?> FindAsync(NpgsqlConnection connection, string login, bool isRecorded, CancellationToken cancellationToken)
    {
        await using var find = new NpgsqlCommand(ClaimSql, connection) { Parameters = { new() { Value = login }, new() { Value = isRecorded } } };
        await using var reader = await find.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken) ? new OdooSupportUser(reader.GetInt32(0), reader.GetString(1)) : null;
    }

    /// <summary>Gives the account its password and its groups, in one transaction.</summary>
    /// <exception cref="PermanentFailureException">It is not as it was made.</exception>
    public static async Task FinishAsync(
        NpgsqlConnection connection, OdooSupportUser user, string login, string level, string hash, CancellationToken cancellationToken)
    {
        await using (var transaction = await connection.BeginTransactionAsync(cancellationToken))
        {
            await using var finish = new NpgsqlCommand(FinishSql, connection)
            {
                Parameters = { new() { Value = user.Id }, new() { Value = login }, new() { Value = hash }, new() { Value = user.Mark } },
            };
            if (await finish.ExecuteNonQueryAsync(cancellationToken) != 1)
            {
                throw new PermanentFailureException($"The account '{login}' is not as it was made: somebody in the tenant's application has changed it.");
            }

            if (level == SupportLevels.Administrator)
            {
                await using var groups = new NpgsqlCommand(AdministratorSql, connection) { Parameters = { new() { Value = user.Id } } };
                await groups.ExecuteNonQueryAsync(cancellationToken);
            }

            await transaction.CommitAsync(cancellationToken);
        }

        await OdooSignals.ForgetCachesAsync(connection, cancellationToken);
    }

    /// <summary>Takes the key away.</summary>
    public static Task RemoveKeyAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => OdooKeyRows.RemoveAsync(connection, KeyName, cancellationToken);
}
