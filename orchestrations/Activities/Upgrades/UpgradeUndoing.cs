using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Upgrades;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Activities.Upgrades;

/// <summary>Starts the ending of upgrades that nobody makes any more.</summary>
public sealed class UpgradeUndoing(NpgsqlDataSource database, DurableTaskClient client)
{
    /// <summary>Starts it; false if another has, or the upgrade has ended.</summary>
    public async Task<bool> StartAsync(TenantUpgrade upgrade, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(upgrade);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await UpgradeLifecycle.CountUndoAsync(connection, transaction, upgrade, cancellationToken) is not { } undone)
        {
            return false;
        }

        var order = upgrade.ReadInput() with { IsUndo = true };
        await client.StartJobAsync(Orchestrations.UpgradeTenant, order, undone.Instance, JobKinds.Upgrade, upgrade.TenantCode, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
