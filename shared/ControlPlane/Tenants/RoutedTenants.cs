using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Tenants that the proxy has to know, and that no job is changing.</summary>
public sealed class RoutedTenants(NpgsqlDataSource database)
{
    // Word for word the same at both looks.
    private const string Settled =
        """
        t.state in ('active', 'suspended')
        and not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null and j.changing)
        """;

    /// <summary>Their ids.</summary>
    public async Task<IReadOnlyList<long>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<long>(Sql.Command($"select t.id from control.tenants t where {Settled} order by t.id", null, cancellationToken))).AsList();
    }

    /// <summary>The one that came last, or null.</summary>
    public async Task<long?> FindNewestAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(Sql.Command(
            $"select t.id from control.tenants t where {Settled} order by t.id desc limit 1", null, cancellationToken));
    }

    /// <summary>
    /// Does something about a tenant while no job can begin to change it: its row is locked, as it is at every change of
    /// state. Does nothing if it is not settled any more.
    /// </summary>
    public async Task HoldAsync(long id, string jobId, Func<TenantDescriptor, bool, Task> work, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(work);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var locked = await TenantStore.LockAsync(connection, transaction, id, cancellationToken);

        // A second statement sees what the transaction that held the lock before has committed.
        if (locked is not null && await connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"select exists (select from control.tenants t where t.id = @id and {Settled})", new { id }, transaction, cancellationToken)))
        {
            await work(locked.ToPlace(jobId), locked.State == TenantStates.Suspended);
        }

        await transaction.CommitAsync(cancellationToken);
    }
}
