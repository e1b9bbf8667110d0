using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Upgrades;

/// <summary>Restores a backup as the copy.</summary>
public sealed class MakeUpgradeCopy(UpgradeCopies copies) : TaskActivity<UpgradeCopyRequest, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, UpgradeCopyRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        await copies.MakeAsync(request.Copy, request.Backup, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Takes from the copy whatever could go out: what we know of, and what its modules say where their program is at hand.</summary>
public sealed class NeutraliseCopy(PostgresConnector postgres, ApplicationProviders applications, OdooBin program, IFileStore files) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor copy)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(copy);
        if (!copy.IsRehearsal)
        {
            throw new PermanentFailureException($"'{copy.Database}' is no copy: what a tenant's own database loses by neutralisation cannot be given back.");
        }

        // A program without such a command leaves all of it to our own list, which comes last, because it looks whether it is so.
        if (copy.Application == Applications.Odoo && program.IsAtHand && await program.NeutraliseAsync(copy, context.CancellationToken) && files.IsOn)
        {
            files.Settle(copy);
        }

        await using var session = await postgres.OpenAsync(copy, context.CancellationToken);
        await session.TranslateErrorsAsync(async () =>
        {
            await applications.Of(copy.Application).NeutraliseAsync(session.Connection, context.CancellationToken);
            return Unit.Value;
        });
        return Unit.Value;
    }
}

/// <summary>Drops the copy's database.</summary>
public sealed class DropUpgradeCopy(UpgradeCopies copies) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor copy)
    {
        ArgumentNullException.ThrowIfNull(context);
        await copies.DropAsync(copy, context.CancellationToken);
        return Unit.Value;
    }
}

/// <summary>Asks what is left of the copy.</summary>
public sealed class TakeUpgradeInventory(UpgradeCopies copies) : TaskActivity<TenantDescriptor, Contracts.Inventory>
{
    /// <inheritdoc/>
    public override Task<Contracts.Inventory> RunAsync(TaskActivityContext context, TenantDescriptor copy)
    {
        ArgumentNullException.ThrowIfNull(context);
        return copies.LookAsync(copy, context.CancellationToken);
    }
}
