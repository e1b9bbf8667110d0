using Bibind.Durable;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.EndToEnd.Tests;

/// <summary>Fails one step for good, before or after its effect.</summary>
internal sealed class FailureAt(string step, bool afterTheEffect) : WorkerInterceptor
{
    /// <summary>False lets everything succeed for now.</summary>
    public bool IsOn { get; set; } = true;

    /// <summary>How many times it fails; for ever unless given.</summary>
    public int Times { get; set; } = int.MaxValue;

    public override ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => FailIf(activity, !afterTheEffect);

    public override ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => FailIf(activity, afterTheEffect);

    private ValueTask FailIf(LeasedActivity activity, bool now) => IsOn && now && activity.Scheduled.Name == step && Times-- > 0
        ? throw new PermanentFailureException($"{step} fails, as the test wants")
        : ValueTask.CompletedTask;
}
