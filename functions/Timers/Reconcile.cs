using Bibind.Activities.Reconciliation;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Compares the tenants that are due with what there is of them. Each machine does, for the servers that it claims.</summary>
internal sealed class Reconcile(ReconciliationRound round, IOptions<ReconciliationOptions> options) : ITimerFunction
{
    public Task RunAsync(TimerTick tick, CancellationToken cancellationToken) =>
        options.Value.Enabled ? round.RunAsync(tick.ScheduledFor, cancellationToken) : Task.CompletedTask;
}
