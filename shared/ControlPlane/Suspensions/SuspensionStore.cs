using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Suspensions;

/// <summary>Reads suspensions; <see cref="SuspensionLifecycle"/> changes them.</summary>
public sealed class SuspensionStore(NpgsqlDataSource database) : ISuspensions
{
    private const string Select = "select * from control.tenant_suspensions where tenant_id = @tenantId";

    /// <inheritdoc/>
    public async Task<Suspension?> FindAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Suspension>(Sql.Command(Select, new { tenantId }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<bool> HoldAsync(long tenantId, Func<Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await LockAsync(connection, transaction, tenantId, cancellationToken) is not { IsInForce: true })
        {
            return false;
        }

        await work();
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>
    /// Tenants that are to stay suspended and that no job, not even one that only reads, works on: in the order of their ids, from the one after
    /// <paramref name="after"/>.
    /// </summary>
    public async Task<IReadOnlyList<long>> ListSettledAsync(long after, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<long>(Sql.Command(
            """
            select s.tenant_id from control.tenant_suspensions s join control.tenants t on t.id = s.tenant_id
            where s.lifted_by is null and t.state = 'suspended' and s.tenant_id > @after
              and not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null)
            order by s.tenant_id limit @limit
            """,
            new { after, limit }, cancellationToken))).AsList();
    }

    /// <summary>The suspension, locked until the caller's transaction ends.</summary>
    internal static Task<Suspension?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Suspension>(Sql.Command($"{Select} for update", new { tenantId }, transaction, cancellationToken));
}
