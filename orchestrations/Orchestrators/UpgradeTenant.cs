using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Upgrades one tenant. It is rehearsed on a neutralised copy first; then the tenant is closed, backed up while nobody writes, upgraded and
/// opened through its application. Whatever fails after that, the backup is brought back and the tenant is opened as it was. It answers a
/// result for failures too, so that whoever calls it as a child counts them.
/// </summary>
public sealed class UpgradeTenant : TaskOrchestrator<UpgradeTenantInput, UpgradeTenantResult>
{
    private const string Untouched = "The tenant was not touched.";
    private const int MostWaysBack = 24;

    // The application loads a database when it is first asked for it, which may take longer than it is given to answer.
    private static readonly TimeSpan[] Pauses = [TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5), TimeSpan.FromSeconds(10)];

    /// <inheritdoc/>
    public override async Task<UpgradeTenantResult> RunAsync(TaskOrchestrationContext context, UpgradeTenantInput input)
    {
        var progress = new UpgradeProgress(context, input);
        if (input.IsUndo)
        {
            return await UndoEndedAsync(progress);
        }

        try
        {
            progress.Begun = await progress.MeasureAsync("begin", () => context.CallActivityAsync(Upgrades.Begin, input));
            if (progress.Begun.Place is null)
            {
                return progress.Result(UpgradeOutcomes.Refused, $"The upgrade has ended before. {Untouched}");
            }

            await progress.MeasureAsync("check", () => context.CallActivityAsync(Upgrades.Check, new UpgradeTarget(input, progress.Begun.Place)));
        }
        catch (TaskFailedException failure)
        {
            return await EndAsync(progress, progress.Result(UpgradeOutcomes.Refused, $"{Reasons.Of(failure).TrimEnd('.')}. {Untouched}"));
        }

        var rehearsal = await UpgradeRehearsal.RunAsync(context, input, progress.Begun, progress.MeasureAsync);
        progress.Inventory = rehearsal.Inventory;
        if (rehearsal.Fault is { } fault)
        {
            return await EndAsync(progress, progress.Result(UpgradeOutcomes.RehearsalFailed, $"The rehearsal failed: {fault.TrimEnd('.')}. {Untouched}"));
        }

        if (input.DryRun)
        {
            return await EndAsync(progress, progress.Result(UpgradeOutcomes.Rehearsed, null));
        }

        try
        {
            await WaitAsync(context, input);
            progress.Place = await progress.MeasureAsync("close", () => context.CallActivityAsync(Upgrades.Close, input));
        }
        catch (TaskFailedException failure)
        {
            return await EndAsync(progress, progress.Result(UpgradeOutcomes.Refused, $"{Reasons.Of(failure).TrimEnd('.')}. {Untouched}"));
        }

        try
        {
            await UpgradeAsync(progress);
        }
        catch (Exception failure) when (failure is TaskFailedException or BackupsOffException or UpgradeAbandonedException)
        {
            return await UndoAsync(progress, Reasons.Of(failure));
        }

        return await OpenAsync(progress);
    }

    private static async Task WaitAsync(TaskOrchestrationContext context, UpgradeTenantInput input)
    {
        var now = context.CurrentUtcDateTime;
        var earliest = input.NotBefore is { } at && at > now ? at : now;
        var begins = input.Window?.Next(earliest) ?? earliest;
        if (begins > now)
        {
            await context.CallActivityAsync(Upgrades.Wait, input);
            await context.CreateTimer(begins);
        }
    }

    private static async Task UpgradeAsync(UpgradeProgress progress)
    {
        var (context, input, place) = (progress.Context, progress.Input, progress.Place!);
        progress.ClosedAt = context.CurrentUtcDateTime;
        await progress.MeasureAsync("freeze", async () =>
        {
            await context.CallActivityAsync(Routing.Suspend, place);
            return await context.CallActivityAsync(Moves.Freeze, place);
        });
        await progress.MeasureAsync("backup", () => PreRestoreBackups.TakeAsync(context, place, UpgradeBackups.Safety));
        progress.HasSafetyBackup = true;
        var target = new UpgradeTarget(input, place);
        if (input.Release.Kind == UpgradeKinds.Rpc)
        {
            await HandOverAsync(progress);
            await progress.MeasureAsync("upgrade", () => context.CallActivityAsync(Upgrades.Apply, target));
        }
        else
        {
            await progress.MeasureAsync("upgrade", () => context.CallActivityAsync(Upgrades.Apply, target));
            await HandOverAsync(progress);
        }

        if (await progress.MeasureAsync("smoke-test", () => SmokeTestAsync(context, place)) is { } fault)
        {
            throw new UpgradeAbandonedException(fault);
        }

        await context.CallActivityAsync(Upgrades.Pass, input);
    }

    private static async Task HandOverAsync(UpgradeProgress progress)
    {
        progress.HandedOver = true;
        await progress.Context.CallActivityAsync(Moves.Unfreeze, progress.Place!);
        await progress.Context.CallActivityAsync(Application.HandOver, progress.Place!);
    }

    /// <summary>Asks the application for the login page, several times.</summary>
    /// <returns>Why it does not show one; null if it does.</returns>
    internal static async Task<string?> SmokeTestAsync(TaskOrchestrationContext context, TenantDescriptor place)
    {
        for (var attempt = 0; ; attempt++)
        {
            var outcome = await context.CallActivityAsync(Application.SmokeTest, place);
            if (outcome.Done)
            {
                return null;
            }

            if (attempt == Pauses.Length)
            {
                return outcome.Note ?? "The application does not answer for the tenant.";
            }

            await context.CreateTimer(Pauses[attempt]);
        }
    }

    /// <summary>The tenant has the release: from here on it is only opened, however long that takes.</summary>
    private static async Task<UpgradeTenantResult> OpenAsync(UpgradeProgress progress)
    {
        var isOpen = await PersistAsync(progress.Context, () => progress.Context.CallActivityAsync(Routing.Publish, progress.Place!)) is null;
        progress.OpenedAt = progress.Context.CurrentUtcDateTime;
        return await EndAsync(
            progress,
            progress.Result(UpgradeOutcomes.Upgraded, isOpen ? null : "The tenant has the release, and is suspended because its route could not be opened: resume it."),
            isOpen);
    }

    /// <summary>Ends an upgrade whose orchestration was ended from outside: what had passed is opened, anything else is brought back.</summary>
    private static async Task<UpgradeTenantResult> UndoEndedAsync(UpgradeProgress progress)
    {
        await PersistAsync(progress.Context, async () => progress.Begun = await progress.Context.CallActivityAsync(Upgrades.Begin, progress.Input));
        var begun = progress.Begun;
        if (begun?.Place is null)
        {
            return progress.Result(UpgradeOutcomes.Refused, "The upgrade has ended.");
        }

        const string Reason = "The job's orchestration was ended from outside";
        progress.Place = begun.Place;
        progress.Inventory = await UpgradeRehearsal.DropAsync(progress.Context, begun);
        if (!begun.IsClosed)
        {
            return await EndAsync(progress, progress.Result(UpgradeOutcomes.Refused, $"{Reason}. {Untouched}"));
        }

        if (begun.HasPassed)
        {
            return await OpenAsync(progress);
        }

        progress.ClosedAt = progress.Context.CurrentUtcDateTime;
        (progress.HasSafetyBackup, progress.HandedOver) = (begun.HasSafetyBackup, true);
        return await UndoAsync(progress, Reason);
    }

    private static async Task<UpgradeTenantResult> UndoAsync(UpgradeProgress progress, string reason)
    {
        var (context, place) = (progress.Context, progress.Place!);
        var hopeless = await progress.MeasureAsync("roll-back", () => PersistAsync(context, ReopenAsync));
        progress.OpenedAt = context.CurrentUtcDateTime;
        if (hopeless is not null)
        {
            var backup = progress.HasSafetyBackup ? $" What it was before is in backup '{progress.SafetyBackupId}'." : string.Empty;
            return await EndAsync(
                progress, progress.Result(UpgradeOutcomes.Failed, $"{reason.TrimEnd('.')}. The tenant is suspended, because it could not be opened again: {hopeless.Reason.TrimEnd('.')}.{backup}"), isOpen: false);
        }

        var state = progress.HasSafetyBackup ? "It was brought back from its safety backup and is open as it was before." : "Its data were not changed, and it is open as it was before.";
        var result = progress.Result(UpgradeOutcomes.RolledBack, $"{reason.TrimEnd('.')}. {state}");

        // The tenant is what the backup holds; another would only be one too many.
        await Persistence.TryAsync(() => context.CallActivityAsync(Backup.DeleteOne, new BackupRef(place.TenantId, progress.SafetyBackupId)));
        return await EndAsync(progress, result);

        async Task ReopenAsync()
        {
            if (progress.HasSafetyBackup)
            {
                // What waits to go out did not go out while nobody but us saw the database.
                await context.CallActivityAsync(
                    Backup.Restore,
                    new RestoreRequest(place, new BackupRef(place.TenantId, progress.SafetyBackupId), Replace: true) { KeepsQueue = !progress.HandedOver });
            }
            else
            {
                await context.CallActivityAsync(Moves.Unfreeze, place);
            }

            await context.CallActivityAsync(Application.HandOver, place);
            await context.CallActivityAsync(Routing.Publish, place);
        }
    }

    /// <summary>A tenant does not wait for ever either for somebody to look.</summary>
    private static Task<TaskFailedException?> PersistAsync(TaskOrchestrationContext context, Func<Task> step) =>
        Persistence.PersistAsync(context, step, (_, failures) => failures == MostWaysBack);

    private static Task<UpgradeTenantResult> EndAsync(UpgradeProgress progress, UpgradeTenantResult result, bool isOpen = true) =>
        progress.Context.CallActivityAsync(Upgrades.End, new UpgradeEnd(progress.Input, result, isOpen));
}

/// <summary>An upgrade that cannot go on, though no step has failed.</summary>
public sealed class UpgradeAbandonedException(string reason) : Exception(reason);
