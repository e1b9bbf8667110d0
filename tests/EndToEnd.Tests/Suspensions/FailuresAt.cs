using Bibind.Durable;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.EndToEnd.Tests.Suspensions;

/// <summary>Fails several steps for good, before their effects.</summary>
internal sealed class FailuresAt(params string[] steps) : WorkerInterceptor
{
    public override ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => steps.Contains(activity.Scheduled.Name)
        ? throw new PermanentFailureException($"{activity.Scheduled.Name} fails, as the test wants")
        : ValueTask.CompletedTask;
}
