using Bibind.Activities;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.EndToEnd.Tests;

/// <summary>Lets a step fail some times, with a wait before the next attempt that no test sits out.</summary>
internal sealed class PutsOff(string step, int times, TimeSpan? wait = null) : WorkerInterceptor
{
    private int _left = times;

    public override ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) =>
        activity.Scheduled.Name == step && Interlocked.Decrement(ref _left) >= 0
            ? throw new TransientFailureException($"What {step} needs is away, as the test wants", retryAfter: wait ?? TimeSpan.FromMinutes(1))
            : ValueTask.CompletedTask;
}
