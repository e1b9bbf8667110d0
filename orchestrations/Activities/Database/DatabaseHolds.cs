namespace Bibind.Activities.Database;

/// <summary>
/// What holds a database without a session, so that it can be neither cloned nor renamed nor dropped: prepared transactions, replication
/// slots in use, subscriptions. Only their owners can end them, so they are named.
/// </summary>
internal static class DatabaseHolds
{
    private const string PreparedSql = """
        select format('the prepared transaction ''%s'' of role ''%s'' (of %s UTC; ROLLBACK PREPARED ''%s'' or COMMIT PREPARED ends it)',
                      gid, owner, to_char(prepared at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), replace(gid, '''', ''''''))
        from pg_prepared_xacts where database = $1 order by prepared
        """;

    private const string SlotsSql = """
        select format('the logical replication slot ''%s'' (in use by process %s; pg_drop_replication_slot removes it)', slot_name, active_pid)
        from pg_replication_slots where database = $1 and active order by slot_name
        """;

    private const string SubscriptionsSql = """
        select format('the subscription ''%s'' (DROP SUBSCRIPTION in the database removes it)', s.subname)
        from pg_subscription s join pg_database d on d.oid = s.subdbid where d.datname = $1 order by s.subname
        """;

    /// <summary>What holds it, in words; empty if nothing does.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        var holds = new List<string>();
        foreach (var sql in new[] { PreparedSql, SlotsSql, SubscriptionsSql })
        {
            holds.AddRange(await session.QueryAsync(sql, row => row.GetString(0), cancellationToken, name));
        }

        return holds;
    }

    /// <summary>Refuses to go on where something holds it. It takes connections again then: they can only be ended from inside.</summary>
    /// <param name="session">On its server.</param>
    /// <param name="sight">The database, which is not invalid.</param>
    /// <param name="act">What was to be done, in words: <c>dropped</c>.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="TransientFailureException">Something does; says what, and whose.</exception>
    public static async Task RefuseAsync(MaintenanceSession session, DatabaseInfo sight, string act, CancellationToken cancellationToken)
    {
        var holds = await ListAsync(session, sight.Name, cancellationToken);
        if (holds.Count == 0)
        {
            return;
        }

        if (!sight.AllowsConnections)
        {
            await session.ExecuteAsync($"alter database {SqlText.Identifier(sight.Name)} allow_connections true", cancellationToken);
        }

        throw new TransientFailureException(
            $"The database '{sight.Name}' on server '{session.Server.Code}' cannot be {act} while it is held by {string.Join(" and ", holds)}. It takes connections, so that somebody can end that.");
    }
}
