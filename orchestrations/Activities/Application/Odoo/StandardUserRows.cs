using System.Globalization;
using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>What the rows of a tenant's database say about its standard user.</summary>
/// <param name="IsDone">True if it was made, with its password.</param>
/// <param name="Exists">True if there is a user with its login that is the customer's.</param>
/// <param name="Freed">True if a user of the template had its login.</param>
/// <param name="Key">For the call that makes it; null if none is needed.</param>
internal sealed record StandardUserState(bool IsDone, bool Exists, bool Freed, OdooKey? Key);

/// <summary>The part of making a standard user that is SQL: a key for one call before it, the password after it.</summary>
internal static class StandardUserRows
{
    // Both names are ours, so that whoever comes after a crash finds what was left.
    private const string KeyName = "bibind: standard user";
    private const int KeyMinutes = 10;
    private const string MarkKey = "bibind.user";
    private const string Begun = "begun";
    private const string Done = "done";

    private const string LookSql =
        """
        select (select p.value from public.ir_config_parameter p where p.key = $1),
               (select d.res_id from public.ir_model_data d where d.module = 'base' and d.name = 'user_admin'),
               u.id, u.password
        from (values ($2::text)) as wanted (login) left join public.res_users u on u.login = wanted.login
        """;

    private const string MarkSql =
        """
        insert into public.ir_config_parameter (key, value, create_date, write_date)
        values ($1, $2, now() at time zone 'utc', now() at time zone 'utc')
        on conflict (key) do update set value = excluded.value, write_date = excluded.write_date
        """;

    /// <summary>
    /// Looks, and prepares the call in one transaction: the login is free of the template's users, a mark says that a user who has
    /// it from now on is the customer's, and a key of ten minutes is there.
    /// </summary>
    /// <exception cref="PermanentFailureException">The database has no administrator.</exception>
    public static async Task<StandardUserState> BeginAsync(
        NpgsqlConnection connection, TenantDescriptor place, string password, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (mark, administrator, holder, hash) = await LookAsync(connection, place, cancellationToken);
        if (mark == Mark(place, Done))
        {
            await RemoveKeyAsync(connection, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
            return new StandardUserState(IsDone: true, Exists: true, Freed: false, Key: null);
        }

        // A restored copy's user got our password when it became this tenant's.
        var isOurs = holder is not null && (mark == Mark(place, Begun) || (hash is not null && Verifies(password, hash)));
        if (holder is { } foreign && !isOurs)
        {
            await ExecuteAsync(connection, cancellationToken, (
                "update public.res_users set login = login || '#' || id, password = null where id = $1 and id <> $2", [foreign, administrator]));
        }

        var key = isOurs ? null : OdooKey.Make(administrator);
        await ExecuteAsync(connection, cancellationToken, (MarkSql, [MarkKey, Mark(place, Begun)]), (OdooKeyRows.RemoveSql, [KeyName]));
        if (key is not null)
        {
            await OdooKeyRows.InsertAsync(connection, key, KeyName, KeyMinutes, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return new StandardUserState(IsDone: false, isOurs, holder is not null && !isOurs, key);
    }

    /// <summary>True if a user has the login.</summary>
    public static async Task<bool> ExistsAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken) =>
        (await LookAsync(connection, place, cancellationToken)).Holder is not null;

    /// <summary>Gives the user its password, takes the key away and says that it is done, in one transaction.</summary>
    public static async Task EndAsync(NpgsqlConnection connection, TenantDescriptor place, string password, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await ExecuteAsync(
            connection, cancellationToken,
            ("update public.res_users set password = $2, active = true where login = $1",
                [TenantSecrets.UserLogin(place), PasslibPbkdf2Sha512.Hash(password, PasslibPbkdf2Sha512.RandomTextRounds)]),
            (OdooKeyRows.RemoveSql, [KeyName]),
            (MarkSql, [MarkKey, Mark(place, Done)]));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Takes the key away.</summary>
    public static Task RemoveKeyAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        OdooKeyRows.RemoveAsync(connection, KeyName, cancellationToken);

    private static async Task<(string? Mark, int Administrator, int? Holder, string? Hash)> LookAsync(
        NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(LookSql, connection)
        {
            Parameters = { new() { Value = MarkKey }, new() { Value = TenantSecrets.UserLogin(place) } },
        };
        await using var reader = await look.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (
            reader.IsDBNull(0) ? null : reader.GetString(0),
            reader.IsDBNull(1) ? throw new PermanentFailureException($"The database '{place.Database}' has no administrator (base.user_admin).") : reader.GetInt32(1),
            reader.IsDBNull(2) ? null : reader.GetInt32(2),
            reader.IsDBNull(3) ? null : reader.GetString(3));
    }

    private static async Task ExecuteAsync(
        NpgsqlConnection connection, CancellationToken cancellationToken, params (string Sql, object[] Parameters)[] statements)
    {
        await using var steps = new SqlSteps(connection);
        foreach (var (sql, parameters) in statements)
        {
            steps.Add(sql, parameters);
        }

        await steps.RunAsync(cancellationToken);
    }

    private static string Mark(TenantDescriptor place, string state) => string.Create(CultureInfo.InvariantCulture, $"{place.TenantId} {state}");

    private static bool Verifies(string password, string hash)
    {
        try
        {
            return PasslibPbkdf2Sha512.Verify(password, hash);
        }
        catch (FormatException)
        {
            return false;
        }
    }
}
