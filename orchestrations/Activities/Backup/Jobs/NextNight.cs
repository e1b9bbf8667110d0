using Bibind.Activities.Backup.Archives;
using Bibind.Contracts;
using Microsoft.DurableTask;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Says when the next night's backups start; the settings are asked every time, so that a change needs no new timer.</summary>
public sealed class NextNight(IOptions<BackupOptions> options, TimeProvider time) : TaskActivity<NightlyBackupsState, DateTime>
{
    /// <inheritdoc/>
    public override Task<DateTime> RunAsync(TaskActivityContext context, NightlyBackupsState state)
    {
        ArgumentNullException.ThrowIfNull(state);
        return Task.FromResult(After(state.LastNight, time.GetUtcNow().UtcDateTime, options.Value.NightlyAt));
    }

    /// <summary>The first start after the last night, and not one whose hour is over.</summary>
    internal static DateTime After(DateTime? lastNight, DateTime now, TimeSpan at)
    {
        var earliest = now.AddMinutes(-BackupJobs.NightMinutes);
        if (lastNight > earliest)
        {
            earliest = lastNight.Value;
        }

        var night = earliest.Date + at;
        return night > earliest ? night : night.AddDays(1);
    }
}
