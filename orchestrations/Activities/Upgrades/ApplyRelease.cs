using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Upgrades;

/// <summary>Brings a release into a tenant's database or its copy, and looks whether it is there.</summary>
public sealed class ApplyRelease(
    PostgresConnector postgres, ApplicationProviders applications, UpgradeSessions sessions, ReleaseStatements statements, OdooBin program, OdooModuleCalls calls,
    IFileStore files, ILogger<ApplyRelease> logger) : TaskActivity<UpgradeTarget, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, UpgradeTarget target)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(target);
        var (order, place) = target;
        var release = order.Release;
        var limit = TimeSpan.FromMinutes(release.LimitMinutes);
        await context.EnsureLeaseHeldAsync();
        switch (release.Kind)
        {
            case UpgradeKinds.OdooBin:
                // A program that a crashed attempt left running loses its database.
                await sessions.EndAsync(place, context.CancellationToken);
                await program.UpgradeAsync(place, release.Modules, limit, context.CancellationToken);
                if (files.IsOn)
                {
                    files.Settle(place);
                }

                break;
            case UpgradeKinds.Sql:
                await statements.RunAsync(target, context.CancellationToken);
                break;
            case UpgradeKinds.Rpc:
                await calls.UpgradeAsync(place, release.Modules, limit, context.CancellationToken);
                break;
            default:
                throw new PermanentFailureException($"There is no kind of upgrade '{release.Kind}'.");
        }

        await LookAsync(target, context.CancellationToken);
        logger.ReleaseApplied(place.Database, release.Version, release.Kind);
        return Unit.Value;
    }

    private async Task LookAsync(UpgradeTarget target, CancellationToken cancellationToken)
    {
        var (order, place) = target;
        var application = applications.Of(place.Application);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        await session.TranslateErrorsAsync(async () =>
        {
            if (order.Release.Kind != UpgradeKinds.Sql
                && await application.FindUnreadyModulesAsync(session.Connection, order.Release.Modules, cancellationToken) is { Count: > 0 } unready)
            {
                throw new PermanentFailureException($"The upgrade of '{place.Database}' ended well and left {string.Join(", ", unready)}.");
            }

            // What a tenant's triggers or a release's own statements let loose must not run in the copy.
            if (place.IsRehearsal && await application.FindLoudAsync(session.Connection, cancellationToken) is { Count: > 0 } loud)
            {
                throw new PermanentFailureException($"After the upgrade the neutralised copy has {string.Join("; ", loud)}: it was not given to the application.");
            }

            if (order.Release.Kind != UpgradeKinds.Rpc)
            {
                await application.ForgetLoadedAsync(session.Connection, cancellationToken);
            }

            return Unit.Value;
        });
    }
}
