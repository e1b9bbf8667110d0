using Bibind.Durable.Execution;
using Bibind.Durable.History;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Entities;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Scheduler;

/// <summary>The framework's context as our orchestrators expect one: a failure that cannot be helped is not retried, a timer can be made due, and an attempt given up.</summary>
internal sealed class SchedulerOrchestrationContext(TaskOrchestrationContext inner, string? input) : TaskOrchestrationContext
{
    private readonly FireableTimers _timers = new(inner);

    public override TaskName Name => inner.Name;

    public override string InstanceId => inner.InstanceId;

    public override ParentOrchestrationInstance? Parent => inner.Parent;

    public override DateTime CurrentUtcDateTime => inner.CurrentUtcDateTime;

    public override bool IsReplaying => inner.IsReplaying;

    public override string Version => inner.Version ?? string.Empty;

    public override IReadOnlyDictionary<string, object?> Properties => inner.Properties;

    public override TaskOrchestrationEntityFeature Entities => inner.Entities;

    protected override ILoggerFactory LoggerFactory => inner.ReplaySafeLoggerFactory;

    public override T? GetInput<T>()
        where T : default => HubDataConverter.Default.Deserialize<T>(input);

    public override Task<TResult> CallActivityAsync<TResult>(TaskName name, object? input = null, TaskOptions? options = null) =>
        // Repeated here, with the same lines of history: the framework's own waits cannot be made due.
        Retries.RunAsync(
            this, options?.Retry,
            _ => inner.CallActivityAsync<TResult>(name, input, options is null ? null : options with { Retry = null }),
            delay => _timers.WaitAsync(inner.CurrentUtcDateTime + delay, isRetry: true, CancellationToken.None));

    public override Task<TResult> CallSubOrchestratorAsync<TResult>(TaskName orchestratorName, object? input = null, TaskOptions? options = null) =>
        inner.CallSubOrchestratorAsync<TResult>(orchestratorName, input, Respecting(options));

    public override Task CreateTimer(DateTime fireAt, CancellationToken cancellationToken) => _timers.WaitAsync(fireAt, isRetry: false, cancellationToken);

    public override Task<T> WaitForExternalEvent<T>(string eventName, CancellationToken cancellationToken = default) =>
        inner.WaitForExternalEvent<T>(eventName, cancellationToken);

    public override void SendEvent(string instanceId, string eventName, object payload) => inner.SendEvent(instanceId, eventName, payload);

    public override void SetCustomStatus(object? customStatus) => inner.SetCustomStatus(customStatus);

    public override void ContinueAsNew(object? newInput = null, bool preserveUnprocessedEvents = true) =>
        inner.ContinueAsNew(newInput, preserveUnprocessedEvents);

    public override void ContinueAsNew(ContinueAsNewOptions options) => inner.ContinueAsNew(options);

    public override Guid NewGuid() => inner.NewGuid();

    private static TaskOptions? Respecting(TaskOptions? options) => options?.Retry switch
    {
        { Policy: { } policy } => options with { Retry = Respecting(policy) },
        { Handler: { } handler } => options with
        {
            Retry = new TaskRetryOptions(async asked => !asked.LastFailure.IsNonRetriable && await handler(asked)),
        },
        _ => options,
    };

    private static RetryPolicy Respecting(RetryPolicy policy) => new(
        policy.MaxNumberOfAttempts, policy.FirstRetryInterval, policy.BackoffCoefficient, policy.MaxRetryInterval, policy.RetryTimeout)
    {
        HandleFailure = failure => !failure.IsNonRetriable && policy.Handle(CoreHistory.ExceptionOf(failure)),
    };
}
