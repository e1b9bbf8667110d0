using System.Diagnostics;
using Bibind.Activities;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.EndToEnd.Tests;

/// <summary>Makes what one step needs be away for a while, from its first attempt on.</summary>
internal sealed class OutageAt(string step, TimeSpan length) : WorkerInterceptor
{
    private Stopwatch? _since;

    public override ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) =>
        activity.Scheduled.Name == step && (_since ??= Stopwatch.StartNew()).Elapsed < length
            ? throw new TransientFailureException($"What {step} needs is away, as the test wants")
            : ValueTask.CompletedTask;
}
