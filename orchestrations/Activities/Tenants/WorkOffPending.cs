using Bibind.Activities.Application;
using Bibind.Activities.Application.Odoo;
using Bibind.Activities.Backup.Jobs;
using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Tenants;

/// <summary>Does what tenants still lack and what is due; what fails again waits longer.</summary>
public sealed class WorkOffPending(
    PendingItems items,
    TenantStore tenants,
    IBackupCatalogue backups,
    FirstBackups firstBackups,
    CreateStandardUser createUser,
    SmokeTestApplication smokeTest,
    IOptions<PendingOptions> options,
    ILogger<WorkOffPending> logger) : TaskActivity<Unit, PendingRound>
{
    private const int DueAtMost = 40;
    private const int AtOnce = 4;

    /// <inheritdoc/>
    public override async Task<PendingRound> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (options.Value.Enabled)
        {
            await Parallel.ForEachAsync(
                await items.FindDueAsync(DueAtMost, context.CancellationToken),
                new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = context.CancellationToken },
                async (item, cancellation) => await TryAsync(context.With(cancellation), item));
        }

        return new PendingRound(options.Value.Interval);
    }

    // One that fails is not in the way of the others.
    private async Task TryAsync(TaskActivityContext context, PendingItem item)
    {
        string? reason;
        try
        {
            if (item.Kind == PendingKinds.FirstBackup && (await backups.ListAsync(item.TenantId, context.CancellationToken)).Count == 0)
            {
                // A job of its own, which notes how it ended.
                await firstBackups.StartAsync(item.TenantId, context.CancellationToken);
                return;
            }

            if (item.Kind == PendingKinds.FirstBackup && !await firstBackups.CloseEndedAsync(item.TenantId, context.CancellationToken))
            {
                // There is a backup; the attempt that goes on says itself what becomes of the item.
                return;
            }

            reason = await FindFaultAsync(context, item);
        }
        catch (ActivityFailureException failed)
        {
            reason = failed.Message;
        }

        if (reason is null)
        {
            await items.RemoveAsync(item.TenantId, item.Kind, context.CancellationToken);
            logger.PendingDone(item.TenantCode, item.TenantId, item.Kind);
        }
        else if (await items.NoteFailureAsync(item.TenantId, item.Kind, reason, context.CancellationToken) is { } still)
        {
            logger.PendingStill(still.TenantCode, still.TenantId, still.Kind, still.Attempts, still.NextAttempt, still.Reason);
        }
    }

    // Null if it is done.
    private async Task<string?> FindFaultAsync(TaskActivityContext context, PendingItem item)
    {
        if (await tenants.GetAsync(item.TenantId, context.CancellationToken) is not { } tenant)
        {
            return null;
        }

        var place = tenant.ToPlace(context.InstanceId);
        return item.Kind switch
        {
            PendingKinds.StandardUser => FaultOf(await createUser.RunAsync(context, place)),
            PendingKinds.SmokeTest => FaultOf(await smokeTest.RunAsync(context, place)),

            // Somebody else took one.
            _ => null,
        };
    }

    private static string? FaultOf(StepOutcome outcome) => outcome.Done ? null : outcome.Note ?? "No reason was given.";
}
