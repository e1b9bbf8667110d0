using Bibind.Durable;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>Starts the orchestrations of jobs.</summary>
public static class JobStarting
{
    /// <summary>Starts a job's orchestration in the transaction that opened the job: both are there, or neither.</summary>
    /// <param name="client">The engine's.</param>
    /// <param name="orchestrator">Which.</param>
    /// <param name="input">Its order.</param>
    /// <param name="id">The job's id, which is the instance's.</param>
    /// <param name="kind">One of <see cref="JobKinds"/>.</param>
    /// <param name="tag">What the instance is found by besides its kind, such as the tenant's code.</param>
    /// <param name="transaction">Of the control database, which holds the task hub too.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public static Task<string> StartJobAsync<TInput, TOutput>(
        this DurableTaskClient client, OrchestratorDefinition<TInput, TOutput> orchestrator, TInput input, string id, string kind, KeyValuePair<string, string> tag,
        NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        client.ScheduleNewOrchestrationInstanceAsync(
            orchestrator,
            input,
            new HubStartOptions
            {
                InstanceId = id,
                Transaction = transaction,
                Tags = new Dictionary<string, string> { [tag.Key] = tag.Value, ["kind"] = kind },
            },
            cancellationToken);

    /// <summary>The same for a tenant's job, which is found by the tenant's code.</summary>
    public static Task<string> StartJobAsync<TInput, TOutput>(
        this DurableTaskClient client, OrchestratorDefinition<TInput, TOutput> orchestrator, TInput input, string id, string kind, string tenantCode,
        NpgsqlTransaction transaction, CancellationToken cancellationToken) =>
        client.StartJobAsync(orchestrator, input, id, kind, KeyValuePair.Create("tenant", tenantCode), transaction, cancellationToken);
}
