using Bibind.Functions.Servers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Checks the servers whose check is due. Each machine does, for those that it claims.</summary>
internal sealed class CheckServers(ServerHealthRound round, IOptions<ServerHealthOptions> options) : ITimerFunction
{
    public Task RunAsync(TimerTick tick, CancellationToken cancellationToken) =>
        options.Value.Enabled ? round.RunAsync(tick.ScheduledFor, cancellationToken) : Task.CompletedTask;
}
