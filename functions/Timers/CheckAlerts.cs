using Bibind.ControlPlane.Alerts;
using Bibind.Functions.Alerts;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Looks for what is wrong. Each machine does; of two that look at the same kind at once, one takes over what it found.</summary>
internal sealed class CheckAlerts(AlertRules rules, AlertStore alerts, IOptions<AlertOptions> options, TimeProvider time, ILogger<CheckAlerts> logger) : ITimerFunction
{
    private const int PurgedAtOnce = 10_000;

    public async Task RunAsync(TimerTick tick, CancellationToken cancellationToken)
    {
        var failures = new List<Exception>();
        var kinds = rules.Read();
        foreach (var rule in kinds)
        {
            try
            {
                await LookAsync(rule, cancellationToken);
            }
            catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
            {
                // What cannot be asked stays as it was known; the other kinds are looked at.
                failures.Add(new InvalidOperationException($"Alerts of the kind {rule.Kind} could not be looked for: {failure.Message}", failure));
            }
        }

        await alerts.CloseOthersAsync([.. kinds.Select(k => k.Kind)], cancellationToken);
        await alerts.PurgeAsync(time.GetUtcNow() - options.Value.History, PurgedAtOnce, cancellationToken);
        if (failures.Count > 0)
        {
            throw failures.Count == 1 ? failures[0] : new AggregateException(failures);
        }
    }

    private async Task LookAsync(AlertRule rule, CancellationToken cancellationToken)
    {
        if (await rule.FindAsync(cancellationToken) is not { } causes)
        {
            return;
        }

        var changes = await alerts.SaveAsync(rule.Kind, rule.After, causes, cancellationToken);
        foreach (var cause in changes.Raised)
        {
            Logs.AlertRaised(logger, rule.Kind, cause.Subject, cause.Reason);
        }

        foreach (var subject in changes.Closed)
        {
            Logs.AlertClosed(logger, rule.Kind, subject);
        }
    }
}
