using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Upgrades;

/// <summary>Refuses an upgrade that would fail, before anything is made.</summary>
public sealed class CheckUpgrade(
    PostgresConnector postgres, ApplicationProviders applications, OdooBin program, OdooRpc rpc, IOptions<BackupOptions> backups) : TaskActivity<UpgradeTarget, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, UpgradeTarget target)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(target);
        var (order, place) = target;
        if (!backups.Value.Enabled)
        {
            throw new PermanentFailureException("Backups are switched off here (Backups__Enabled), and a tenant is upgraded only if it can be brought back.");
        }

        if (order.Release.Kind == UpgradeKinds.OdooBin && !program.IsAtHand)
        {
            throw new PermanentFailureException($"{program.MissingWords} Install it on the workers' machines, or upgrade by 'rpc'.");
        }

        await RequireOursAsync(place, context.CancellationToken);
        if (order.Release.Kind != UpgradeKinds.Sql)
        {
            await RequireModulesAsync(order, place, context.CancellationToken);
        }

        return Unit.Value;
    }

    private async Task RequireOursAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var database = LabelledDatabase.Of(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind check {place.Code}", cancellationToken);
        await session.TranslateErrorsAsync(database.Name, async () =>
        {
            var there = await LabelledDatabases.RequireOursAsync(session, database, "upgraded", cancellationToken);
            await DatabaseHolds.RefuseAsync(session, there, "upgraded", cancellationToken);
            return Unit.Value;
        });
    }

    private async Task RequireModulesAsync(UpgradeTenantInput order, TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        var unready = await session.TranslateErrorsAsync(
            () => applications.Of(place.Application).FindUnreadyModulesAsync(session.Connection, order.Release.Modules, cancellationToken));
        if (unready.Count > 0)
        {
            throw new PermanentFailureException(
                $"Modules of tenant '{place.Code}' are not installed, or wait for something else: {string.Join(", ", unready)}. Leave them out of 'modules', or have them settled in the application.");
        }

        if (order.Release.Kind == UpgradeKinds.Rpc && await rpc.FindVersionAsync(session.Server.Url, cancellationToken) is null)
        {
            throw new TransientFailureException($"The application at {session.Server.Url.Authority} does not answer, and it is what upgrades by 'rpc'.");
        }
    }
}
