using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.EndToEnd.Tests;

/// <summary>Lets a step wait for ever before its effect.</summary>
internal sealed class StopsAt(string step) : WorkerInterceptor
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public override async ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken)
    {
        if (activity.Scheduled.Name == step)
        {
            _reached.TrySetResult();
            await Task.Delay(Timeout.Infinite, cancellationToken);
        }
    }
}
