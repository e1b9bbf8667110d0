using Bibind.Activities.Notices;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Timers;

/// <summary>Sends the notices that are due.</summary>
internal sealed class SendNotices(NoticeSender sender, IOptions<NoticeOptions> options) : ITimerFunction
{
    public Task RunAsync(TimerTick tick, CancellationToken cancellationToken) =>
        options.Value.Enabled ? sender.RunAsync(cancellationToken) : Task.CompletedTask;
}
