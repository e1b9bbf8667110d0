using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Backs up every tenant whose plan says so, night after night; each at its own minute, so that no server gets all at once.</summary>
public sealed class NightlyBackups : TaskOrchestrator<NightlyBackupsState, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskOrchestrationContext context, NightlyBackupsState state)
    {
        var night = await context.CallActivityAsync(BackupJobs.NextNight, state);
        for (var minute = 0; minute < BackupJobs.NightMinutes; minute++)
        {
            var at = night.AddMinutes(minute);
            if (at > context.CurrentUtcDateTime)
            {
                await context.CreateTimer(at);
            }

            try
            {
                await context.CallActivityAsync(BackupJobs.StartDue, new NightSlot(night, minute));
            }
            catch (TaskFailedException)
            {
                // The activity's failure stands in the history. Its tenants are due again tomorrow, and the others tonight.
                continue;
            }
        }

        context.ContinueAsNew(new NightlyBackupsState(night));
        return Unit.Value;
    }
}
