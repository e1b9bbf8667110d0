using System.Diagnostics;
using System.Globalization;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.CrashHost;

/// <summary>
/// Kills the process, as <c>kill -9</c> does, at one boundary: <c>before:NAME</c> or <c>after:NAME</c> of an activity,
/// <c>before-commit:N</c> or <c>after-commit:N</c> of the Nth commit since the start.
/// </summary>
internal sealed class KillSwitch(string boundary) : IWorkerInterceptor
{
    private int _commits;

    public ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => At($"before:{activity.Scheduled.Name}");

    public ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => At($"after:{activity.Scheduled.Name}");

    public ValueTask BeforeCommitAsync(IReadOnlyList<TurnCommit> turns) =>
        At(string.Create(CultureInfo.InvariantCulture, $"before-commit:{Interlocked.Increment(ref _commits)}"));

    public ValueTask AfterCommitAsync(IReadOnlyList<TurnCommit> turns) =>
        At(string.Create(CultureInfo.InvariantCulture, $"after-commit:{Volatile.Read(ref _commits)}"));

    private async ValueTask At(string reached)
    {
        if (reached != boundary)
        {
            return;
        }

        Process.GetCurrentProcess().Kill();
        // The signal ends the process within this call or right after it; nothing may go on meanwhile.
        await Task.Delay(Timeout.Infinite);
    }
}
