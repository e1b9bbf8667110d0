using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Puts a key of ours into a database, and takes it away by its name.</summary>
internal static class OdooKeyRows
{
    public const string RemoveSql = "delete from public.res_users_apikeys where name = $1";

    private const string HasExpirySql =
        """
        select exists (select from pg_catalog.pg_attribute
          where attrelid = to_regclass('public.res_users_apikeys') and attname = 'expiration_date' and not attisdropped)
        """;

    /// <summary>Adds it. Versions before 18 have keys without an end: then only we take it away.</summary>
    public static async Task InsertAsync(NpgsqlConnection connection, OdooKey key, string name, int minutes, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(HasExpirySql, connection);
        var hasExpiry = (bool)(await ask.ExecuteScalarAsync(cancellationToken))!;
        await using var steps = new SqlSteps(connection);
        if (hasExpiry)
        {
            steps.Add(
                """
                insert into public.res_users_apikeys (name, user_id, scope, index, key, expiration_date)
                values ($1, $2, 'rpc', $3, $4, (now() at time zone 'utc') + make_interval(mins => $5))
                """,
                name, key.UserId, key.Index, key.Hash(), minutes);
        }
        else
        {
            steps.Add("insert into public.res_users_apikeys (name, user_id, scope, index, key) values ($1, $2, 'rpc', $3, $4)", name, key.UserId, key.Index, key.Hash());
        }

        await steps.RunAsync(cancellationToken);
    }

    /// <summary>Takes it away.</summary>
    public static async Task RemoveAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var steps = new SqlSteps(connection);
        steps.Add(RemoveSql, name);
        await steps.RunAsync(cancellationToken);
    }
}
