using Bibind.ControlPlane.Pending;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>
/// Takes an activation back whose answer was lost, before anything else of the tenant is undone: who looks after active tenants, and
/// gives them back what they lack, must not do so behind the undo's back.
/// </summary>
public sealed class TenantDeactivation(NpgsqlDataSource database, ILogger<TenantDeactivation> logger)
{
    /// <summary>The tenant is being provisioned again, and nothing of it is pending. Any other than an active one is left as it is.</summary>
    public async Task DeactivateAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await TenantStore.LockAsync(connection, transaction, tenantId, cancellationToken) is not { State: TenantStates.Active })
        {
            return;
        }

        await connection.ExecuteAsync(Sql.Command(
            "update control.tenants set state = 'provisioning', activated_at = null where id = @tenantId", new { tenantId }, transaction, cancellationToken));
        await connection.ExecuteAsync(Sql.Command(
            PendingItems.RemoveSql, new { tenantId, kind = (string?)null }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, tenantId, TenantStates.Provisioning, jobId);
    }
}
