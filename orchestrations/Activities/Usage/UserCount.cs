using System.Globalization;
using Bibind.Activities.Database;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Usage;

/// <summary>
/// Counts the users in a tenant's database, which the tenant may have filled with anything: as the tenant's own login, in a transaction that only
/// reads, and only if <c>res_users</c> is a plain table whose columns are what they should be. It is locked against changes before it is looked at,
/// so that nothing else takes its name between the look and the count; no function of the tenant's is run.
/// </summary>
public static class UserCount
{
    // A row of pg_class and pg_attribute, found by the name in public alone. Of a generated column nobody knows what it does.
    private const string Look =
        """
        select c.relkind = 'r' and not c.relrowsecurity
               and (select count(*) from pg_catalog.pg_attribute a
                    where a.attrelid = c.oid and a.attname in ('active', 'share') and a.atttypid = 'pg_catalog.bool'::pg_catalog.regtype
                      and a.attgenerated = '' and not a.attisdropped) = 2
        from pg_catalog.pg_class c
        where c.relname = 'res_users' and c.relnamespace = (select n.oid from pg_catalog.pg_namespace n where n.nspname = 'public')
        """;

    private const string Lock = "lock table only public.res_users in access share mode";

    private const string Count = "select pg_catalog.count(*) from only public.res_users where active and not share";

    /// <summary>Internal users that are active.</summary>
    /// <exception cref="ActivityFailureException">They cannot be counted; says why.</exception>
    public static Task<int> RunAsync(DatabaseSession session, TimeSpan limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        return session.TranslateErrorsAsync(async () =>
        {
            var milliseconds = Math.Max(1, (long)limit.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
            await ExecuteAsync(session, $"set statement_timeout = {milliseconds}; set lock_timeout = {milliseconds}; start transaction read only", cancellationToken);

            // Looked at first, too: whatever is no table needs no lock, and a lock of a view would reach for what is behind it.
            await CheckAsync(session, cancellationToken);
            await ExecuteAsync(session, Lock, cancellationToken);
            await CheckAsync(session, cancellationToken);
            await using var count = new NpgsqlCommand(Count, session.Connection);
            var users = (long)(await count.ExecuteScalarAsync(cancellationToken))!;
            return users <= int.MaxValue ? (int)users : throw new PermanentFailureException($"The database '{session.Entry.Database}' has more users than there are people.");
        });
    }

    private static async Task CheckAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        await using var look = new NpgsqlCommand(Look, session.Connection);
        switch (await look.ExecuteScalarAsync(cancellationToken))
        {
            case null:
                throw new PermanentFailureException($"The database '{session.Entry.Database}' has no table public.res_users, so its users cannot be counted.");
            case false:
                throw new PermanentFailureException(
                    $"In the database '{session.Entry.Database}' public.res_users is not the application's plain table with the columns active and share, so its users are not counted.");
        }
    }

    private static async Task ExecuteAsync(DatabaseSession session, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, session.Connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
