using Bibind.ControlPlane.Audit;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Sessions;
using Bibind.ControlPlane.Webhooks;
using Bibind.Functions.Http;
using Bibind.Functions.Ordering;
using Bibind.Functions.Security;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Forgets what was kept for a time only. Each machine does; a second one finds nothing.</summary>
internal sealed class PurgeRecords(
    WebhookLog webhooks, NoticeStore notices, AuditStore audit, IOptions<AuditOptions> auditing, ConsoleSessionStore sessions, SignInLimits signIns, SignInOptions signIn, JobPurging jobs,
    IOptions<JobOptions> options, TimeProvider time, ILogger<PurgeRecords> logger) : ITimerFunction
{
    private const int MostNotices = 10_000;
    private const int MostRows = 50_000;
    private const int MostSessions = 10_000;
    private const int MostJobs = 500;

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        if (await webhooks.PurgeAsync(cancellationToken) is > 0 and var deliveries)
        {
            Logs.DeliveriesPurged(logger, deliveries);
        }

        await notices.PurgeAsync(MostNotices, cancellationToken);
        await signIns.PurgeAsync(cancellationToken);
        await sessions.PurgeAsync(signIn.Console.IdleLimit, MostSessions, cancellationToken);
        if (await audit.PurgeAsync(auditing.Value.KeepFor, MostRows, cancellationToken) is > 0 and var rows)
        {
            Logs.AuditPurged(logger, rows);
        }

        var old = await jobs.FindAsync(new JobPurge { EndedBefore = time.GetUtcNow() - options.Value.Retention }, MostJobs, cancellationToken);
        await jobs.ForgetAsync(old, cancellationToken);
    }
}
