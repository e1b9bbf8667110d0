using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Backup.Jobs;

/// <summary>Registers what backups, restores and trials do to their jobs, and the nightly timer's steps.</summary>
public static class BackupJobActivities
{
    /// <summary>Adds them under their typed names.</summary>
    public static TaskRegistry AddBackupJobActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(BackupJobs.Begin, Make<BeginBackupJob>)
            .AddActivity(BackupJobs.EndBackup, Make<EndBackupJob>)
            .AddActivity(BackupJobs.EndVerify, Make<EndVerifyJob>)
            .AddActivity(BackupJobs.EndRestore, Make<EndRestoreJob>)
            .AddActivity(BackupJobs.SettleRestore, Make<SettleRestore>)
            .AddActivity(BackupJobs.FindReplaced, Make<FindReplaced>)
            .AddActivity(BackupJobs.EndResume, Make<EndResumeJob>)
            .AddActivity(BackupJobs.ListExpired, Make<ListExpiredBackups>)
            .AddActivity(BackupJobs.NextNight, Make<NextNight>)
            .AddActivity(BackupJobs.StartDue, Make<StartDueBackups>);
    }

    private static T Make<T>(IServiceProvider services) => ActivatorUtilities.CreateInstance<T>(services);
}
