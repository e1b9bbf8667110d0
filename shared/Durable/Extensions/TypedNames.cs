using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable;

/// <summary>
/// The typed, stable wire name of an activity and the retry policy that stands beside it. Orchestrators and
/// activities meet here and know nothing else of each other.
/// </summary>
public sealed record ActivityDefinition<TInput, TOutput>(string Name, RetryPolicy? Retry = null);

/// <summary>The typed, stable wire name of an orchestrator.</summary>
public sealed record OrchestratorDefinition<TInput, TOutput>(string Name);

/// <summary>Calls and starts by typed name.</summary>
public static class TypedNames
{
    /// <summary>Calls an activity with the policy that stands beside its name.</summary>
    public static Task<TOutput> CallActivityAsync<TInput, TOutput>(
        this TaskOrchestrationContext context, ActivityDefinition<TInput, TOutput> activity, TInput input)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(activity);
        return context.CallActivityAsync<TOutput>(activity.Name, input, activity.Retry is { } policy ? TaskOptions.FromRetryPolicy(policy) : null);
    }

    /// <summary>Calls a sub-orchestration by its typed name.</summary>
    public static Task<TOutput> CallSubOrchestratorAsync<TInput, TOutput>(
        this TaskOrchestrationContext context,
        OrchestratorDefinition<TInput, TOutput> orchestrator,
        TInput input,
        SubOrchestrationOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(orchestrator);
        return context.CallSubOrchestratorAsync<TOutput>(orchestrator.Name, input, options);
    }

    /// <summary>Starts an instance by its typed name; answers its id.</summary>
    public static Task<string> ScheduleNewOrchestrationInstanceAsync<TInput, TOutput>(
        this DurableTaskClient client,
        OrchestratorDefinition<TInput, TOutput> orchestrator,
        TInput input,
        StartOrchestrationOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(client);
        ArgumentNullException.ThrowIfNull(orchestrator);
        return client.ScheduleNewOrchestrationInstanceAsync(orchestrator.Name, input, options, cancellation);
    }
}
