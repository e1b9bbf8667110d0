using Bibind.Contracts;
using Bibind.ControlPlane.Upgrades;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Upgrades;

/// <summary>Begins an upgrade, or says how far one is that has begun.</summary>
public sealed class BeginUpgrade(UpgradeOpening opening, UpgradeLifecycle lifecycle, UpgradeStore upgrades, UpgradePlaces places) : TaskActivity<UpgradeTenantInput, UpgradeBegun>
{
    /// <inheritdoc/>
    public override async Task<UpgradeBegun> RunAsync(TaskActivityContext context, UpgradeTenantInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        var upgrade = await opening.BeginAsync(input, context.CancellationToken);
        if (upgrade.EndedAt is not null)
        {
            return new UpgradeBegun { PreviousVersion = upgrade.PreviousVersion };
        }

        var place = await places.OfAsync(input.TenantId, input.JobId, context.CancellationToken);
        var copy = await places.CopyOfAsync(place, context.CancellationToken);
        if (!input.IsUndo)
        {
            await lifecycle.RememberCopyAsync(input.JobId, copy.Database, context.CancellationToken);
        }

        return new UpgradeBegun
        {
            Place = place,
            Copy = copy,
            PreviousVersion = upgrade.PreviousVersion,
            IsClosed = upgrade.State is UpgradeStates.Upgrading or UpgradeStates.Opening,
            HasSafetyBackup = await upgrades.HasBackupAsync(BackupRef.IdOf(input.JobId, UpgradeBackups.Safety), context.CancellationToken),
            HasPassed = upgrade.PassedAt is not null,
        };
    }
}

/// <summary>Lets other jobs go on until the upgrade's time has come.</summary>
public sealed class WaitForUpgrade(UpgradeLifecycle lifecycle) : TaskActivity<UpgradeTenantInput, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, UpgradeTenantInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        await lifecycle.WaitAsync(input, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Makes the tenant one that is being upgraded.</summary>
public sealed class CloseForUpgrade(UpgradeOpening opening, UpgradePlaces places) : TaskActivity<UpgradeTenantInput, TenantDescriptor>
{
    /// <inheritdoc/>
    public override async Task<TenantDescriptor> RunAsync(TaskActivityContext context, UpgradeTenantInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(input);
        try
        {
            await opening.CloseAsync(input, context.CancellationToken);
        }
        catch (UpgradeWaitsException waits)
        {
            throw new TransientFailureException(waits.Message);
        }

        return await places.OfAsync(input.TenantId, input.JobId, context.CancellationToken);
    }
}

/// <summary>Records that the tenant has the release.</summary>
public sealed class PassUpgrade(UpgradeLifecycle lifecycle) : TaskActivity<UpgradeTenantInput, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, UpgradeTenantInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        await lifecycle.PassAsync(input, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Ends an upgrade.</summary>
public sealed class EndUpgrade(UpgradeLifecycle lifecycle) : TaskActivity<UpgradeEnd, UpgradeTenantResult>
{
    /// <inheritdoc/>
    public override Task<UpgradeTenantResult> RunAsync(TaskActivityContext context, UpgradeEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        return lifecycle.EndAsync(end, context.CancellationToken);
    }
}

/// <summary>Begins the taking back of an upgrade.</summary>
public sealed class BeginUpgradeRollback(UpgradeOpening opening) : TaskActivity<RollBackUpgradeInput, RollbackBegun>
{
    /// <inheritdoc/>
    public override Task<RollbackBegun> RunAsync(TaskActivityContext context, RollBackUpgradeInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return opening.BeginRollbackAsync(input, context.CancellationToken);
    }
}

/// <summary>Records that an upgrade was taken back.</summary>
public sealed class EndUpgradeRollback(UpgradeLifecycle lifecycle) : TaskActivity<RollBackUpgradeInput, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, RollBackUpgradeInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        await lifecycle.EndRollbackAsync(input, context.CancellationToken);
        return Unit.Value;
    }
}
