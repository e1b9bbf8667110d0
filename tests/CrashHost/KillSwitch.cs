using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using Bibind.Durable;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.CrashHost;

/// <summary>
/// Kills the process, as <c>kill -9</c> does, at one boundary: <c>before:NAME</c> or <c>after:NAME</c> of an activity,
/// <c>before-commit:N</c> or <c>after-commit:N</c> of the Nth commit since the start. <c>before:NAME#N</c> is the Nth time that it is reached.
/// </summary>
/// <param name="boundary">Where.</param>
/// <param name="failingStep">A step that fails for good before its effect, so that an undo begins; null for none.</param>
/// <param name="commands">What is answered before.</param>
internal sealed class KillSwitch(string boundary, string? failingStep, CommandsUnderWay commands) : IWorkerInterceptor
{
    private readonly ConcurrentDictionary<string, int> _reached = new(StringComparer.Ordinal);
    private int _commits;

    public async ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken)
    {
        await At($"before:{activity.Scheduled.Name}");
        if (activity.Scheduled.Name == failingStep)
        {
            throw new PermanentFailureException($"{failingStep} fails, as the test wants");
        }
    }

    public ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => At($"after:{activity.Scheduled.Name}");

    public ValueTask BeforeCommitAsync(IReadOnlyList<TurnCommit> turns) =>
        At(string.Create(CultureInfo.InvariantCulture, $"before-commit:{Interlocked.Increment(ref _commits)}"));

    public ValueTask AfterCommitAsync(IReadOnlyList<TurnCommit> turns) =>
        At(string.Create(CultureInfo.InvariantCulture, $"after-commit:{Volatile.Read(ref _commits)}"));

    private async ValueTask At(string reached)
    {
        var times = _reached.AddOrUpdate(reached, 1, (_, before) => before + 1);
        if (reached != boundary && string.Create(CultureInfo.InvariantCulture, $"{reached}#{times}") != boundary)
        {
            return;
        }

        await commands.AnsweredAsync();
        Process.GetCurrentProcess().Kill();
        // The signal ends the process within this call or right after it; nothing may go on meanwhile.
        await Task.Delay(Timeout.Infinite);
    }
}
