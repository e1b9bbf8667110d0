using Bibind.Contracts;
using Bibind.ControlPlane.Backups;
using Bibind.ControlPlane.Jobs;

namespace Bibind.Functions.Ordering;

/// <summary>Has tenants' newest backups tried out when it is their turn, a few at once.</summary>
internal sealed class TrialOrdering(CommandTransaction transactions, TrialSchedule schedule)
{
    /// <summary>Starts what is due and may run beside what runs; answers how many.</summary>
    public async Task<int> StartAsync(TimeSpan period, int atOnce, DateTimeOffset moment, CancellationToken cancellation)
    {
        await schedule.SyncAsync(period, moment, cancellation);
        await schedule.CloseAbandonedAsync(cancellation);
        var started = 0;
        while (await transactions.RunAsync(work => StartNextAsync(work, period, atOnce, moment), cancellation))
        {
            started++;
        }

        return started;
    }

    private async Task<bool> StartNextAsync(UnitOfWork work, TimeSpan period, int atOnce, DateTimeOffset moment)
    {
        if (await schedule.OpenNextAsync(work.Connection, work.Transaction, period, atOnce, moment, work.CancellationToken) is not var (job, backupId))
        {
            return false;
        }

        var order = new VerifyBackupOrder { TenantId = job.TenantId, JobId = job.JobId, BackupId = backupId };
        await work.StartAsync(Orchestrations.VerifyBackup, order, job.JobId, JobKinds.VerifyBackup, job.Code, TrialSchedule.By, backupId);
        return true;
    }
}
