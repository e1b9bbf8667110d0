using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Puts a backup in the place of its tenant's database; what was there before is backed up first, and comes back if the rest fails.</summary>
/// <param name="version">1 for those that were started before refusals came first and the address was set; 2 for all others.</param>
public sealed class RestoreTenant(int version) : TaskOrchestrator<RestoreTenantOrder, TenantRestored>
{
    /// <summary>The kind of the backup that is taken before.</summary>
    internal const string Manual = "manual";
    private const string OfTheBackup = "Users and their passwords are those of the backup.";

    /// <inheritdoc/>
    public override async Task<TenantRestored> RunAsync(TaskOrchestrationContext context, RestoreTenantOrder order)
    {
        var progress = new Progress(order);
        TenantRestored result;
        try
        {
            result = await RestoreAsync(context, order, progress);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException or EndedFromOutsideException)
        {
            var (isOpen, state) = await SettleAsync(context, progress);
            await EndAsync(context, order, isOpen, null, $"{Reasons.Of(failure).TrimEnd('.')}. {state}");
            throw;
        }

        await EndAsync(context, order, isOpen: true, result, null);
        return result;
    }

    private async Task<TenantRestored> RestoreAsync(TaskOrchestrationContext context, RestoreTenantOrder order, Progress progress)
    {
        if (order.IsUndo)
        {
            // How far it got, nobody knows any more: the way back finds out.
            progress.Place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
            progress.RouteTouched = progress.DatabaseTouched = true;
            throw new EndedFromOutsideException();
        }

        var place = progress.Place = await context.CallActivityAsync(BackupJobs.Begin, new TenantJob(order.TenantId, order.JobId));
        if (version > 1)
        {
            await context.CallActivityAsync(Backup.CheckRestore, progress.Request(order.BackupId));
        }

        await PreRestoreBackups.TakeAsync(context, place, Manual);
        progress.RouteTouched = true;
        await context.CallActivityAsync(Routing.Suspend, place);
        progress.DatabaseTouched = true;
        var restored = await context.CallActivityAsync(Backup.Restore, progress.Request(order.BackupId));
        await context.CallActivityAsync(Application.HandOver, place);
        if (version > 1)
        {
            // The backup has the address of its time.
            await context.CallActivityAsync(Application.SetAddress, place);
        }

        await context.CallActivityAsync(Routing.Publish, place);
        var smoke = await context.CallActivityAsync(Application.SmokeTest, place);
        return new TenantRestored
        {
            Code = order.Code,
            BackupId = order.BackupId,
            SafetyBackupId = PreRestoreBackups.IdOf(place, Manual),
            Database = restored.Database,
            Bytes = restored.Bytes,
            Tables = restored.Tables,
            Notes = [.. new[] { restored.Note, version > 1 ? OfTheBackup : null, smoke is { Done: false } ? smoke.Note : null }.OfType<string>()],
        };
    }

    /// <summary>Brings the tenant back to what it was before, and says how far that went.</summary>
    internal static async Task<(bool IsOpen, string State)> SettleAsync(TaskOrchestrationContext context, Progress progress)
    {
        const string Untouched = "Nothing was changed: the tenant is as it was.";
        var order = progress.Order;
        if (progress.Place is not { } place || !progress.RouteTouched)
        {
            return (!order.WasSuspended, Untouched);
        }

        var safety = PreRestoreBackups.IdOf(place, Manual);
        var replaced = false;
        try
        {
            replaced = progress.DatabaseTouched
                && (await context.CallActivityAsync(BackupJobs.SettleRestore, progress.Request(order.BackupId))).Replaced;
            if (replaced)
            {
                await context.CallActivityAsync(Routing.Suspend, place);
                await context.CallActivityAsync(Backup.Restore, progress.Request(safety));
                await context.CallActivityAsync(Application.HandOver, place);
            }

            if (!order.WasSuspended)
            {
                await context.CallActivityAsync(Routing.Publish, place);
            }

            return (!order.WasSuspended, replaced ? $"The database had been replaced; it was brought back from backup '{safety}'." : Untouched);
        }
        catch (TaskFailedException failure)
        {
            var database = replaced ? "The database had been replaced" : "The database was not seen to be replaced";
            return (false, $"{database}, and the tenant is suspended, because it could not be opened again: {failure.Reason.TrimEnd('.')}. What it was before is in backup '{safety}'.");
        }
    }

    internal static Task<Unit> EndAsync(
        TaskOrchestrationContext context, RestoreTenantOrder order, bool isOpen, TenantRestored? result, string? reason) =>
        context.CallActivityAsync(BackupJobs.EndRestore, new RestoreEnd
        {
            TenantId = order.TenantId,
            JobId = order.JobId,
            IsOpen = isOpen,
            IsUndo = order.IsUndo,
            Result = result,
            Reason = reason,
        });

    /// <summary>How far it got; each is set before the act, so that an act whose outcome is unknown counts.</summary>
    internal sealed class Progress(RestoreTenantOrder order)
    {
        public RestoreTenantOrder Order => order;

        public TenantDescriptor? Place { get; set; }

        public bool RouteTouched { get; set; }

        public bool DatabaseTouched { get; set; }

        public RestoreRequest Request(string backupId) => new(Place!, new BackupRef(order.TenantId, backupId), Replace: true);
    }
}
