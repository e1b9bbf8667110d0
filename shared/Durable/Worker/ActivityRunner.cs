using System.Collections.Concurrent;
using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Telemetry;
using Microsoft.DurableTask;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Durable.Worker;

/// <summary>Runs activities, a bounded number at once, and sees to it that every answer is stored.</summary>
internal sealed class ActivityRunner(WorkerContext worker, ISessionCoordinator sessions) : IDisposable
{
    private readonly ConcurrentDictionary<ActivityLease, RunningActivity> _running = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly LeftToOthers<Guid> _leftToOthers = new(worker.Time);
    private readonly ActivityResults _results = new(worker);

    public int Running => _running.Count;

    /// <summary>Activities that this worker lacks the code of, and leaves to others for now.</summary>
    public IReadOnlyList<Guid> PassedBy => _leftToOthers.Current();

    /// <summary>True if nothing runs and every answer is stored.</summary>
    public bool IsIdle => _running.IsEmpty && _results.AreStored;

    public void Start() => _results.Start(_stopping.Token);

    /// <summary>Runs a fetched activity in a slot that was reserved for the fetch, which began at a timestamp.</summary>
    public void RunFetched(LeasedActivity activity, long leasedAt)
    {
        sessions.Slots.Count(activity.Owner, 1);
        Run(activity, session: null, leasedAt);
    }

    /// <summary>Runs an activity in a slot taken before. <paramref name="session"/> is kept open until it has ended.</summary>
    public void Run(LeasedActivity activity, InstanceSession? session, long leasedAt)
    {
        var running = new RunningActivity(activity, session, CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token), leasedAt);
        _running[activity.Lease] = running;
        running.Task = Task.Run(() => RunAsync(running));
    }

    public IReadOnlyList<ActivityLease> Leases() => [.. _running.Where(r => !r.Value.IsLost).Select(r => r.Key)];

    public void LoseLeases(IEnumerable<ActivityLease> lost)
    {
        foreach (var lease in lost)
        {
            if (_running.TryGetValue(lease, out var running))
            {
                Logs.ActivityLeaseLost(worker.Logger, running.Activity.InstanceId, running.Activity.Scheduled.Name, running.Activity.Scheduled.EventId);
                running.Lose();
            }
        }
    }

    /// <summary>Notes that leases were renewed after a timestamp; those that were lost are not among them.</summary>
    public void Renewed(IEnumerable<ActivityLease> renewed, long leasedAt)
    {
        foreach (var lease in renewed)
        {
            if (_running.TryGetValue(lease, out var running))
            {
                running.LeasedAt = leasedAt;
            }
        }
    }

    /// <summary>Stores answers through the hub, because no session here takes them.</summary>
    public void Answer(IReadOnlyList<TurnInput> answers)
    {
        foreach (var answer in answers)
        {
            _results.Add(new ActivityResult(answer.Activity!.Value, answer.InstanceId!, answer.ExecutionId!, answer.Event));
        }
    }

    /// <summary>Lets activities end within a limit, then cancels them and gives them back.</summary>
    public async Task StopAsync(TimeSpan limit)
    {
        var ending = Task.WhenAll(_running.Values.Select(r => r.Task));
        await Task.WhenAny(ending, Task.Delay(limit, worker.Time));
        await _stopping.CancelAsync();
        await ending;
    }

    /// <summary>Stores the answers that wait; after it none are taken.</summary>
    public Task FlushAsync() => _results.StopAsync();

    public void Dispose() => _stopping.Dispose();

    private async Task RunAsync(RunningActivity running)
    {
        HistoryEvent? answer = null;
        var span = DurableTelemetry.StartAttempt(running.Activity);
        using var scope = worker.Logger.BeginScope(new ActivityScope(running.Activity));
        var began = worker.Time.GetTimestamp();
        try
        {
            answer = await ExecuteAsync(running);
        }
        finally
        {
            DurableTelemetry.EndAttempt(span, running.Activity, worker.Time.GetElapsedTime(began), answer);
            // First out of the renewals, then the answer: a lease that ends with the answer is not lost.
            _running.TryRemove(running.Activity.Lease, out _);
            running.Cancellation.Dispose();
            Finish(running, answer);
            sessions.Slots.Unreserve(1, running.Activity.Owner);
        }
    }

    private void Finish(RunningActivity running, HistoryEvent? answer)
    {
        var activity = running.Activity;
        if (answer is null)
        {
            if (running.Session is { } kept && kept.DropLocalActivity())
            {
                _ = sessions.ReleaseAsync(kept, TimeSpan.Zero);
            }

            return;
        }

        var input = new TurnInput(answer, activity.ExecutionId, Activity: activity.Lease) { InstanceId = activity.InstanceId, FreesPool = activity.IsPooled };
        var session = running.Session ?? sessions.Find(activity.InstanceId);
        var (accepted, schedule) = session?.Deliver(input, wasLocal: running.Session is not null) ?? (false, false);
        if (!accepted)
        {
            Answer([input]);
        }
        else if (schedule)
        {
            sessions.ScheduleTurn(session!);
        }
    }

    /// <summary>Answers null if there is no answer: the lease was lost, or given back.</summary>
    private async Task<HistoryEvent?> ExecuteAsync(RunningActivity running)
    {
        var activity = running.Activity;
        var scheduled = activity.Scheduled;
        var startedAt = worker.Time.GetUtcNow().UtcDateTime;
        var cancellation = running.Cancellation.Token;
        try
        {
            if (worker.Registry.FindActivity(scheduled.Name, scheduled.Version) is not { } create)
            {
                var delay = Backoff.After(worker.Options.FirstBackoff, activity.Deliveries);
                Logs.UnknownActivity(worker.Logger, activity.InstanceId, scheduled.Name, scheduled.Version, delay);
                _leftToOthers.Add(activity.Lease.ActivityId, delay);
                await AbandonAsync(activity);
                return null;
            }

            if (activity.Deliveries - activity.Abandoned > worker.Options.MaxActivityDeliveries)
            {
                throw new PermanentFailureException(
                    $"The activity '{scheduled.Name}' was delivered {worker.Options.MaxActivityDeliveries} times and never answered: it ends the process or never returns.");
            }

            if (activity.Abandoned > worker.Options.MaxActivityAbandons)
            {
                throw new PermanentFailureException(
                    $"The activity '{scheduled.Name}' was given back {activity.Abandoned} times because its worker's time was up: it takes longer than one call lasts. Leave it to a worker that lives on.");
            }

            LeaseFence.Set(() => EnsureHeldAsync(running, cancellation));
            await worker.Interceptor.BeforeActivityAsync(activity, cancellation);
            await LeaseFence.EnsureHeldAsync();
            // What an attempt needs for itself lives as long as it does.
            await using var services = worker.Services.CreateAsyncScope();
            var implementation = create(services.ServiceProvider);
            var input = ReadInput(scheduled, implementation);
            var context = new DurableActivityContext(activity.InstanceId, scheduled.Name, scheduled.EventId, scheduled.Attempt, cancellation);
            var output = await implementation.RunAsync(context, input);
            await worker.Interceptor.AfterActivityAsync(activity, cancellation);
            return new TaskCompletedEvent
            {
                Timestamp = worker.Time.GetUtcNow().UtcDateTime,
                TaskScheduledId = scheduled.EventId,
                Result = worker.Converter.Serialize(output),
                StartedAt = startedAt,
            };
        }
        catch (Exception) when (running.IsLost)
        {
            return null;
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            Logs.ActivityGivenBack(worker.Logger, activity.InstanceId, scheduled.Name, scheduled.EventId);
            await AbandonAsync(activity);
            return null;
        }
        catch (Exception failure)
        {
            var details = TaskFailureDetails.Describe(failure);
            Logs.ActivityFailed(worker.Logger, activity.InstanceId, scheduled.Name, scheduled.EventId, scheduled.Attempt, details.Root.ErrorMessage);
            if (failure.InnerException is { } cause)
            {
                Logs.ActivityFailureCause(worker.Logger, activity.InstanceId, scheduled.Name, scheduled.EventId, cause);
            }

            return new TaskFailedEvent
            {
                Timestamp = worker.Time.GetUtcNow().UtcDateTime,
                TaskScheduledId = scheduled.EventId,
                Reason = details.ErrorMessage,
                FailureDetails = details,
                StartedAt = startedAt,
            };
        }
    }

    /// <summary>
    /// Returns at once while the lease is fresh. Renewals keep it so; where they did not, because this process stood still
    /// or the hub was away, the hub is asked whether it is ours yet.
    /// </summary>
    private async Task EnsureHeldAsync(RunningActivity running, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        var lease = running.Activity.Lease;
        for (var delay = worker.Options.FirstBackoff; worker.Time.GetElapsedTime(running.LeasedAt) > worker.Options.FreshLease; delay = Backoff.Next(delay))
        {
            var began = worker.Time.GetTimestamp();
            try
            {
                var lost = await worker.Hub.RenewAsync(new LeaseRenewal([], [lease], worker.Options.LeaseDuration), cancellation);
                LoseLeases(lost.Activities);
                cancellation.ThrowIfCancellationRequested();
                running.LeasedAt = began;
                return;
            }
            catch (Exception unavailable) when (!cancellation.IsCancellationRequested)
            {
                Logs.HubUnavailable(worker.Logger, unavailable, delay);
                await Task.Delay(delay, worker.Time, cancellation);
            }
        }
    }

    private object? ReadInput(TaskScheduledEvent scheduled, ITaskActivity implementation)
    {
        try
        {
            return worker.Converter.Deserialize(scheduled.Input, implementation.InputType);
        }
        catch (System.Text.Json.JsonException unreadable)
        {
            throw new PermanentFailureException($"The input of '{scheduled.Name}' cannot be read as {implementation.InputType.Name}: {unreadable.Message}", unreadable);
        }
    }

    private async Task AbandonAsync(LeasedActivity activity)
    {
        try
        {
            await worker.Hub.ReleaseAsync([], [activity.Lease], TimeSpan.Zero, CancellationToken.None);
        }
        catch (Exception unavailable)
        {
            // The lease runs out by itself.
            Logs.HubUnavailable(worker.Logger, unavailable, worker.Options.LeaseDuration);
        }
    }
}
