using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;

namespace Bibind.EndToEnd.Tests;

/// <summary>Lets a step wait before its effect the first time it is reached, for ever unless it is released.</summary>
internal sealed class StopsAt(string step) : WorkerInterceptor
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private readonly TaskCompletionSource _released = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task.WaitAsync(TimeSpan.FromSeconds(60));

    public override async ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken)
    {
        if (activity.Scheduled.Name == step && _reached.TrySetResult())
        {
            await _released.Task.WaitAsync(cancellationToken);
        }
    }

    public void Release() => _released.TrySetResult();
}
