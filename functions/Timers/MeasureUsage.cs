using Bibind.Functions.Triggers;
using Bibind.Functions.Usage;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Measures the tenants that are due. Each machine does, for the servers that it claims.</summary>
internal sealed class MeasureUsage(UsageRound round, IOptions<UsageOptions> options) : ITimerFunction
{
    public Task RunAsync(TimerTick tick, CancellationToken cancellationToken) =>
        options.Value.Enabled ? round.RunAsync(tick.ScheduledFor, cancellationToken) : Task.CompletedTask;
}
