using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Keys of ours in a tenant's database: each by a name of its own, so that whoever comes after a crash finds what was left.</summary>
internal static class OdooKeyRows
{
    /// <summary>The keys that bear one name.</summary>
    public const string RemoveSql = "delete from public.res_users_apikeys where name = $1";

    private const string HasExpirySql =
        """
        select exists (select from pg_catalog.pg_attribute
          where attrelid = to_regclass('public.res_users_apikeys') and attname = 'expiration_date' and not attisdropped)
        """;

    /// <summary>Puts a key there, for ten minutes. Versions before 18 have keys without an end: then only we take it away.</summary>
    public static async Task InsertAsync(NpgsqlConnection connection, string name, OdooKey key, CancellationToken cancellationToken)
    {
        await using var ask = new NpgsqlCommand(HasExpirySql, connection);
        var hasExpiry = (bool)(await ask.ExecuteScalarAsync(cancellationToken))!;
        await using var steps = new SqlSteps(connection);
        steps.Add(
            hasExpiry
                ? """
                  insert into public.res_users_apikeys (name, user_id, scope, index, key, expiration_date)
                  values ($1, $2, 'rpc', $3, $4, (now() at time zone 'utc') + interval '10 minutes')
                  """
                : "insert into public.res_users_apikeys (name, user_id, scope, index, key) values ($1, $2, 'rpc', $3, $4)",
            name, key.UserId, key.Index, key.Hash());
        await steps.RunAsync(cancellationToken);
    }

    /// <summary>Takes the keys of a name away.</summary>
    public static async Task RemoveAsync(NpgsqlConnection connection, string name, CancellationToken cancellationToken)
    {
        await using var steps = new SqlSteps(connection);
        steps.Add(RemoveSql, name);
        await steps.RunAsync(cancellationToken);
    }
}
