using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Moves a tenant to another server. It is copied while it works, which shows that it can be; then it is closed, copied again, compared
/// and opened there. Whatever fails, it is opened where it was; what is on the server that it does not live on is accounted for.
/// </summary>
public sealed class MoveTenant : TaskOrchestrator<MoveTenantOrder, TenantMoved>
{
    private const string Rehearsal = "manual";
    private const string Final = "move";

    /// <inheritdoc/>
    public override async Task<TenantMoved> RunAsync(TaskOrchestrationContext context, MoveTenantOrder order)
    {
        if (order.StartAt is { } at && at > context.CurrentUtcDateTime)
        {
            await context.CreateTimer(at);
        }

        if (order.IsUndo)
        {
            return await UndoEndedAsync(context, order);
        }

        var progress = new Progress();
        TenantMoved result;
        try
        {
            var move = progress.Move = await context.CallActivityAsync(Moves.Begin, order);
            if (move.Source is null)
            {
                return NotMade(order);
            }

            result = await MoveAsync(context, order, move, progress);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException or MoveAbandonedException)
        {
            await UndoAsync(context, order, progress, Reasons.Of(failure));
            throw;
        }

        // The database there is the tenant now: what a failure from here on leaves is a backup too many.
        await ForgetBackupsAsync(context, progress);
        await context.CallActivityAsync(Moves.End, new MoveEnd { TenantId = order.TenantId, JobId = order.JobId, Result = result });
        return result;
    }

    private static async Task<TenantMoved> MoveAsync(TaskOrchestrationContext context, MoveTenantOrder order, MoveBegun move, Progress progress)
    {
        var (source, target) = (move.Source!, move.Target!);
        await context.CallActivityAsync(Moves.Check, move);
        progress.BackupTaken = true;
        await PreRestoreBackups.TakeAsync(context, source, Rehearsal);
        await context.CallActivityAsync(Backup.CheckRestore, Request(move, Rehearsal));
        progress.TargetTouched = true;
        await context.CallActivityAsync(Backup.Restore, Request(move, Rehearsal));

        var closedAt = context.CurrentUtcDateTime;
        progress.SourceClosed = true;
        await context.CallActivityAsync(Routing.Suspend, source);
        await context.CallActivityAsync(Moves.Freeze, source);
        await PreRestoreBackups.TakeAsync(context, source, Final);
        var restored = await context.CallActivityAsync(Backup.Restore, Request(move, Final));
        await context.CallActivityAsync(Moves.Compare, move);
        await context.CallActivityAsync(Application.HandOver, target);
        var smoke = await context.CallActivityAsync(Application.SmokeTest, target);
        if (!smoke.Done)
        {
            throw new MoveAbandonedException(smoke.Note ?? "The application does not answer for the tenant there.");
        }

        progress.Switched = true;
        await context.CallActivityAsync(Moves.Switch, order);
        await context.CallActivityAsync(Dns.CreateRecord, target);
        await OpenRouteAsync(context, move, target);
        var outage = context.CurrentUtcDateTime - closedAt;
        return new TenantMoved
        {
            Code = order.Code,
            From = source.ServerCode,
            To = target.ServerCode,
            OutageMs = move.WasSuspended ? 0 : (long)outage.TotalMilliseconds,
            DatabaseBytes = restored.Bytes,
            Tables = restored.Tables,
            Notes = [.. new[] { restored.Note }.OfType<string>()],
        };
    }

    /// <summary>Undoes a move whose orchestration was ended from outside. Nobody knows how far it got: everything counts as done.</summary>
    private static async Task<TenantMoved> UndoEndedAsync(TaskOrchestrationContext context, MoveTenantOrder order)
    {
        var progress = new Progress { BackupTaken = true, TargetTouched = true, SourceClosed = true, Switched = true };
        await Persistence.PersistAsync(context, async () => progress.Move = await context.CallActivityAsync(Moves.Begin, order));
        if (progress.Move!.Source is not null)
        {
            await UndoAsync(context, order, progress, "The job's orchestration was ended from outside");
        }

        return NotMade(order);
    }

    private static async Task UndoAsync(TaskOrchestrationContext context, MoveTenantOrder order, Progress progress, string reason)
    {
        var inventory = new Inventory();
        if (progress is { Move: { } move, TargetTouched: true })
        {
            if (progress.SourceClosed)
            {
                await Persistence.PersistAsync(context, () => ReopenAsync(context, order, move, progress));
            }

            inventory = await DropAsync(context, new MovedCopy(move.Target, move.SharesFiles));
        }

        await ForgetBackupsAsync(context, progress);
        var state = progress.SourceClosed ? "The tenant is open again where it was." : "Nothing was changed: the tenant is as it was.";
        await context.CallActivityAsync(Moves.End, new MoveEnd
        {
            TenantId = order.TenantId,
            JobId = order.JobId,
            Reason = $"{reason.TrimEnd('.')}. {state}",
            Inventory = inventory,
        });
    }

    /// <summary>Back to where it was; the copy is closed first, so that one application at most works for the tenant.</summary>
    private static async Task ReopenAsync(TaskOrchestrationContext context, MoveTenantOrder order, MoveBegun move, Progress progress)
    {
        if (progress.Switched)
        {
            await context.CallActivityAsync(Moves.SwitchBack, order);
        }

        await Persistence.TryAsync(() => context.CallActivityAsync(Moves.Freeze, move.Target!));
        await context.CallActivityAsync(Moves.Unfreeze, move.Source!);
        await context.CallActivityAsync(Application.HandOver, move.Source!);
        if (progress.Switched)
        {
            await context.CallActivityAsync(Dns.CreateRecord, move.Source!);
        }

        await OpenRouteAsync(context, move, move.Source!);
    }

    /// <summary>Removes a copy, and tells what is left of it.</summary>
    internal static async Task<Inventory> DropAsync(TaskOrchestrationContext context, MovedCopy copy)
    {
        var saga = new Saga(context);
        if (copy is { Place.HasFileStore: true, SharesFiles: false })
        {
            saga.UndoneBy(FileStore.Remove, copy.Place);
        }

        saga.UndoneBy(Database.Drop, copy.Place!);
        var failed = await saga.UndoAsync();
        return await Inventories.TakeAsync(context, Moves.TakeInventory, copy, copy.Place!.Code) with { FailedUndoSteps = failed };
    }

    private static Task<Unit> OpenRouteAsync(TaskOrchestrationContext context, MoveBegun move, TenantDescriptor place) =>
        context.CallActivityAsync(move.WasSuspended ? Routing.Suspend : Routing.Publish, place);

    private static async Task ForgetBackupsAsync(TaskOrchestrationContext context, Progress progress)
    {
        if (progress is { Move.Source: { } source, BackupTaken: true })
        {
            foreach (var kind in new[] { Rehearsal, Final })
            {
                await Persistence.TryAsync(() => context.CallActivityAsync(
                    Backup.DeleteOne, new BackupRef(source.TenantId, PreRestoreBackups.IdOf(source, kind))));
            }
        }
    }

    private static RestoreRequest Request(MoveBegun move, string kind) =>
        new(move.Target!, new BackupRef(move.Source!.TenantId, PreRestoreBackups.IdOf(move.Source, kind)), Replace: true) { KeepsFiles = move.SharesFiles };

    private static TenantMoved NotMade(MoveTenantOrder order) =>
        new() { Code = order.Code, From = string.Empty, To = string.Empty, OutageMs = 0, DatabaseBytes = 0, Tables = 0, Notes = ["It was cancelled before it began, or was undone."] };

    /// <summary>How far it got; each is set before the act, so that an act whose outcome is unknown counts.</summary>
    private sealed class Progress
    {
        public MoveBegun? Move { get; set; }
        public bool BackupTaken { get; set; }
        public bool TargetTouched { get; set; }
        public bool SourceClosed { get; set; }
        public bool Switched { get; set; }
    }
}

/// <summary>A move that cannot go on, though no step has failed.</summary>
public sealed class MoveAbandonedException(string reason) : Exception(reason);
