using System.Collections.Concurrent;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Telemetry;
using Bibind.Durable.Worker;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Scheduler;

/// <summary>What all activities of this process share: their number by name, their end at shutdown, and who stands at their boundaries.</summary>
internal sealed class ActivityHost(SchedulerOptions options, IWorkerInterceptor interceptor, TimeProvider time, ILogger<ActivityHost> logger) : IDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<string, SemaphoreSlim> _slots = new(StringComparer.OrdinalIgnoreCase);
    private int _running;

    /// <summary>Runs an attempt when its name has a slot free.</summary>
    public async Task<object?> RunAsync(LeasedActivity activity, Func<CancellationToken, Task<object?>> runAsync)
    {
        var name = activity.Scheduled.Name;
        var slots = options.ActivityLimits.TryGetValue(name, out var limit) ? _slots.GetOrAdd(name, _ => new SemaphoreSlim(limit)) : null;
        Interlocked.Increment(ref _running);
        try
        {
            await (slots?.WaitAsync(_stopping.Token) ?? Task.CompletedTask);
            try
            {
                return await RunInSlotAsync(activity, runAsync);
            }
            finally
            {
                slots?.Release();
            }
        }
        finally
        {
            Interlocked.Decrement(ref _running);
        }
    }

    /// <summary>Cancels what runs; answers how many have not ended within a limit.</summary>
    public async Task<int> StopAsync(TimeSpan limit)
    {
        await _stopping.CancelAsync();
        for (var began = time.GetTimestamp(); Volatile.Read(ref _running) > 0 && time.GetElapsedTime(began) < limit;)
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), time);
        }

        return Volatile.Read(ref _running);
    }

    public void Dispose()
    {
        _stopping.Dispose();
        foreach (var slots in _slots.Values)
        {
            slots.Dispose();
        }
    }

    private async Task<object?> RunInSlotAsync(LeasedActivity activity, Func<CancellationToken, Task<object?>> runAsync)
    {
        var span = DurableTelemetry.StartAttempt(activity);
        var began = time.GetTimestamp();
        HistoryEvent? answer = null;
        using var scope = logger.BeginScope(new ActivityScope(activity));
        try
        {
            LeaseFence.Set(() =>
            {
                _stopping.Token.ThrowIfCancellationRequested();
                return Task.CompletedTask;
            });
            await interceptor.BeforeActivityAsync(activity, _stopping.Token);
            var output = await runAsync(_stopping.Token);
            await interceptor.AfterActivityAsync(activity, _stopping.Token);
            answer = new TaskCompletedEvent { TaskScheduledId = -1 };
            return output;
        }
        catch (Exception failure) when (!_stopping.IsCancellationRequested)
        {
            var details = TaskFailureDetails.Describe(failure);
            answer = new TaskFailedEvent { TaskScheduledId = -1, Reason = details.ErrorMessage, FailureDetails = details };
            Logs.ActivityFailed(logger, activity.InstanceId, activity.Scheduled.Name, details.Root.ErrorMessage);
            throw;
        }
        finally
        {
            DurableTelemetry.EndAttempt(span, activity, time.GetElapsedTime(began), answer);
        }
    }
}
