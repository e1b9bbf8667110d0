using Microsoft.Extensions.Logging;

namespace Bibind.Durable;

/// <summary>Who started a sub-orchestration.</summary>
public sealed record ParentOrchestrationInstance(string Name, string InstanceId);

/// <summary>
/// Everything an orchestrator may touch. Its methods may only be called from the orchestrator's own code, between
/// awaits of tasks that the context made.
/// </summary>
public abstract class TaskOrchestrationContext
{
    /// <summary>The orchestrator's name.</summary>
    public abstract string Name { get; }

    /// <summary>The instance.</summary>
    public abstract string InstanceId { get; }

    /// <summary>The version that the instance was started with; empty unless given.</summary>
    public abstract string Version { get; }

    /// <summary>The parent, for a sub-orchestration.</summary>
    public abstract ParentOrchestrationInstance? Parent { get; }

    /// <summary>The tags that the instance was started with.</summary>
    public abstract IReadOnlyDictionary<string, string> Tags { get; }

    /// <summary>The clock of the turn, UTC: the same at every replay.</summary>
    public abstract DateTime CurrentUtcDateTime { get; }

    /// <summary>True while the code runs over what is already known.</summary>
    public abstract bool IsReplaying { get; }

    /// <summary>Calls an activity.</summary>
    /// <exception cref="TaskFailedException">It failed, and the retry policy gave up.</exception>
    public abstract Task<TResult> CallActivityAsync<TResult>(string name, object? input = null, TaskOptions? options = null);

    /// <summary>Calls another orchestration and waits for its end.</summary>
    /// <exception cref="TaskFailedException">It failed or was terminated, and the retry policy gave up.</exception>
    public abstract Task<TResult> CallSubOrchestratorAsync<TResult>(string name, object? input = null, TaskOptions? options = null);

    /// <summary>Waits until a time, UTC. Cancelling is local: the timer stays in the history and its firing is ignored.</summary>
    public abstract Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken = default);

    /// <summary>Waits for a span of time.</summary>
    public Task CreateTimer(TimeSpan delay, CancellationToken cancellationToken = default) =>
        CreateTimer(CurrentUtcDateTime.Add(delay), cancellationToken);

    /// <summary>Waits for an event; one that came earlier is taken from the buffer, oldest first. Names know no case.</summary>
    public abstract Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default);

#pragma warning disable CA1849 // CancelAsync would run the callbacks on another thread: a turn stays on its own.
    /// <summary>Waits for an event for a limited time.</summary>
    /// <exception cref="TimeoutException">The event did not come in time.</exception>
    public async Task<T> WaitForExternalEvent<T>(string eventName, TimeSpan timeout)
    {
        using var timer = new CancellationTokenSource();
        using var waiting = new CancellationTokenSource();
        var timeoutTask = CreateTimer(timeout, timer.Token);
        var eventTask = WaitForExternalEvent<T>(eventName, waiting.Token);
        if (await Task.WhenAny(eventTask, timeoutTask) == eventTask)
        {
            timer.Cancel();
            return await eventTask;
        }

        waiting.Cancel();
        throw new TimeoutException($"The event '{eventName}' did not come within {timeout}.");
    }
#pragma warning restore CA1849

    /// <summary>Raises an event at another instance; not waited for.</summary>
    public abstract void SendEvent(string instanceId, string eventName, object? payload = null);

    /// <summary>Sets the status that people see while the orchestration runs.</summary>
    public abstract void SetCustomStatus(object? status);

    /// <summary>Starts over with a new input and an empty history when the orchestrator returns.</summary>
    /// <param name="newInput">The next generation's input.</param>
    /// <param name="preserveUnprocessedEvents">True: events not yet consumed go to the next generation, each exactly once.</param>
    /// <param name="newVersion">The next generation's version; the same unless given.</param>
    public abstract void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true, string? newVersion = null);

    /// <summary>A GUID that is the same at every replay.</summary>
    public abstract Guid NewGuid();

    /// <summary>A logger that is silent during replay.</summary>
    public abstract ILogger CreateReplaySafeLogger(ILogger logger);
}
