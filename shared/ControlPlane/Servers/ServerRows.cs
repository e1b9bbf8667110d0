using System.Text.Json;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>How the stores of servers read, lock and record.</summary>
internal static class ServerRows
{
    /// <summary>SQL over the aliases <c>t</c> of a server's live tenants and <c>s</c>: their places, and those that moves hold there besides.</summary>
    public const string UsedPlaces =
        """
        (coalesce(sum(t.places), 0)
          + (select coalesce(sum(g.places), 0) from control.tenant_moves h join control.tenants g on g.id = h.tenant_id where h.held_server_id = s.id))::int
        """;

    public const string Select =
        $"""
        select s.*, c.tenant_count, c.used_places,
          (select count(*)::int from control.tenant_moves h where h.held_server_id = s.id or h.copy_server_id = s.id) as moved_copies
        from control.servers s
        cross join lateral (
          select count(*)::int as tenant_count, {UsedPlaces} as used_places
          from control.tenants t where t.server_id = s.id and {TenantStates.IsLive}) c
        """;

    /// <summary>A server that was removed is there for its tenants' history only.</summary>
    public const string IsThere = "s.removed_at is null";

    /// <summary>The server as it stands under its lock, or null.</summary>
    /// <remarks>
    /// The lock that orders take too: no tenant arrives between the count and a change. It is taken before the count's snapshot,
    /// hence two statements.
    /// </remarks>
    public static async Task<Server?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string code, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(Sql.Command(
            $"select 1 from control.servers s where s.code = @code and {IsThere} for no key update", new { code }, transaction, cancellationToken));
        return await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command(
            $"{Select} where s.code = @code and {IsThere}", new { code }, transaction, cancellationToken));
    }

    /// <summary>Changes the state of a server that is locked.</summary>
    public static Task SetStateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Server server, string state, ChangedBy by, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            update control.servers set state = @state where id = @Id;
            insert into control.server_state_changes (server_id, from_state, to_state, changed_by, reason, changed_at)
            values (@Id, @From, @state, @Who, @Why, @At);
            """,
            new { server.Id, From = server.State, state, by.Who, by.Why, by.At }, transaction, cancellationToken));

    /// <summary>Records a change other than that of the state.</summary>
    /// <param name="changes">By field: what it was and what it is; no secret.</param>
    public static Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Server server, string action, IReadOnlyDictionary<string, FieldChange> changes, ChangedBy by,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            insert into control.server_changes (server_id, server_code, action, changed_by, reason, changes, changed_at)
            values (@Id, @Code, @action, @Who, @Why, @Changes::jsonb, @At)
            """,
            new { server.Id, server.Code, action, by.Who, by.Why, Changes = JsonSerializer.Serialize(changes, JsonSerializerOptions.Web), by.At },
            transaction, cancellationToken));
}

/// <summary>Who changes something, why and when.</summary>
internal readonly record struct ChangedBy(string Who, string Why, DateTimeOffset At);
