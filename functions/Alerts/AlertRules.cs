using System.Globalization;
using Bibind.ControlPlane.Alerts;
using Bibind.Durable.Hubs;
using Bibind.Functions.Queues;
using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Alerts;

/// <summary>How one kind of alert is looked for.</summary>
/// <param name="Kind">One of <see cref="AlertKinds"/>.</param>
/// <param name="After">How long a cause lasts before people hear of it.</param>
/// <param name="FindAsync">All causes that there are now; null if that cannot be known here.</param>
internal sealed record AlertRule(string Kind, TimeSpan After, Func<CancellationToken, Task<IReadOnlyList<AlertCause>?>> FindAsync);

/// <summary>The rules by which something is wrong.</summary>
internal sealed class AlertRules(
    AlertSources sources, IEnumerable<IQueueBroker> brokers, FunctionDeclarations functions, IEnumerable<ITaskHub> hubs, IOptions<AlertOptions> options)
{
    private const string Orchestrations = "orchestrations";
    private const string Activities = "activities";

    /// <summary>The rules that the settings leave on.</summary>
    public IReadOnlyList<AlertRule> Read()
    {
        var o = options.Value;
        AlertRule[] all =
        [
            new(AlertKinds.JobFailed, TimeSpan.Zero, async token => await sources.FindFailedJobsAsync(o.FailedJobsFor, token)),
            new(AlertKinds.ServerOffline, TimeSpan.Zero, async token => await sources.FindServersAsync(offline: true, token)),
            new(AlertKinds.ServerWarning, TimeSpan.Zero, async token => await sources.FindServersAsync(offline: false, token)),
            new(AlertKinds.CertificateFailing, TimeSpan.Zero, async token => await sources.FindCertificatesAsync(o.CertificateEndsWithin, token)),
            new(AlertKinds.BackupMissing, TimeSpan.Zero, async token => await sources.FindMissingBackupsAsync(token)),
            new(AlertKinds.BillingParked, TimeSpan.Zero, async token => await sources.FindParkedBillingAsync(o.ParkedBillingAfter, token)),
            new(AlertKinds.PoisonMessages, o.After, FindPoisonAsync),
            new(AlertKinds.QueueAge, o.After, FindAgeAsync),
            new(AlertKinds.OrchestrationQuarantined, TimeSpan.Zero, FindQuarantinedAsync),
            new(AlertKinds.SupportOverdue, TimeSpan.Zero, async token => await sources.FindOverdueSupportAsync(token)),
        ];
        return o.Enabled ? [.. all.Where(r => !o.Off.Contains(r.Kind))] : [];
    }

    private async Task<IReadOnlyList<AlertCause>?> FindPoisonAsync(CancellationToken cancellationToken)
    {
        var causes = new List<AlertCause>();
        foreach (var (broker, queue) in brokers.SelectMany(b => functions.Queues.Select(q => (b, PoisonQueue.NameOf(q.Queue)))))
        {
            switch (await broker.Open(queue).CountAsync(cancellationToken))
            {
                case null:
                    // The broker does not let us ask: what was known stays.
                    return null;
                case > 0 and var count:
                    causes.Add(new AlertCause(
                        $"{queue} {broker.Name}", AlertSeverities.Warning,
                        string.Create(CultureInfo.InvariantCulture, $"About {count} messages of {queue} at {broker.Name} could not be handled: `queues poison` lists them with their reasons.")));
                    break;
            }
        }

        return causes;
    }

    private async Task<IReadOnlyList<AlertCause>?> FindAgeAsync(CancellationToken cancellationToken)
    {
        if (await BacklogAsync(cancellationToken) is not { } backlog)
        {
            return null;
        }

        var limit = options.Value.QueueAge;
        return
        [
            .. from work in new[] { (Name: Orchestrations, Age: backlog.OldestMessage, Count: backlog.Messages), (Name: Activities, Age: backlog.OldestActivity, Count: backlog.Activities) }
               where work.Age > limit
               select new AlertCause(
                   work.Name, AlertSeverities.Critical,
                   string.Create(CultureInfo.InvariantCulture, $"{work.Count} {work.Name} are due and the oldest has waited {work.Age.TotalMinutes:0} minutes for a worker.")),
        ];
    }

    private async Task<IReadOnlyList<AlertCause>?> FindQuarantinedAsync(CancellationToken cancellationToken) =>
        await BacklogAsync(cancellationToken) is not { } backlog ? null
        : backlog.Quarantined == 0 ? []
        : [new AlertCause(
            Orchestrations, AlertSeverities.Critical,
            string.Create(CultureInfo.InvariantCulture, $"{backlog.Quarantined} orchestrations were taken from all workers because they ended the process or could not be read."))];

    // On another engine nobody here knows its queues.
    private async Task<HubBacklog?> BacklogAsync(CancellationToken cancellationToken) =>
        hubs.FirstOrDefault() is { } hub ? await hub.GetBacklogAsync(cancellationToken) : null;
}
