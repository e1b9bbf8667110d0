using System.Collections.Concurrent;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Client;

/// <summary>
/// The extension members on a client of another backend than ours, by what every Durable Task client can do. What such a backend does
/// not tell is left empty: execution, version, parent and isolation.
/// </summary>
internal static class OtherBackends
{
    private const int QuestionsAtOnce = 16;

    public static async Task<IReadOnlyDictionary<string, OrchestrationState>> GetStatesAsync(
        DurableTaskClient client, IReadOnlyCollection<string> instanceIds, CancellationToken cancellation)
    {
        var states = new ConcurrentDictionary<string, OrchestrationState>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            instanceIds.Distinct(StringComparer.Ordinal),
            new ParallelOptions { MaxDegreeOfParallelism = QuestionsAtOnce, CancellationToken = cancellation },
            async (id, c) =>
            {
                if (await client.GetInstancesAsync(id, getInputsAndOutputs: true, c) is { } found)
                {
                    states[id] = StateOf(found);
                }
            });
        return states;
    }

    /// <exception cref="NotSupportedException">The query asks for what only our hub knows.</exception>
    public static async Task<OrchestrationPage> QueryAsync(DurableTaskClient client, OrchestrationQuery query, CancellationToken cancellation)
    {
        if (query is HubQuery { Name: not null } or HubQuery { Tag: not null } or HubQuery { Quarantined: not null })
        {
            throw new NotSupportedException($"{client.GetType().Name} cannot be asked for names, tags or quarantined instances: that takes the engine on PostgreSQL.");
        }

        await foreach (var page in client.GetAllInstancesAsync(query).AsPages(query.ContinuationToken, query.PageSize).WithCancellation(cancellation))
        {
            return new OrchestrationPage([.. page.Values.Select(StateOf)], page.ContinuationToken);
        }

        return new OrchestrationPage([], null);
    }

    public static async Task<OrchestrationState> WaitAsync(DurableTaskClient client, string instanceId, CancellationToken cancellation) =>
        StateOf(await client.WaitForInstanceCompletionAsync(instanceId, getInputsAndOutputs: true, cancellation));

    public static async Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(DurableTaskClient client, string instanceId, CancellationToken cancellation)
    {
        try
        {
            return FrameworkHistory.Read(await client.GetOrchestrationHistoryAsync(instanceId, cancellation));
        }
        catch (ArgumentException)
        {
            // That is how a client says that there is no such instance.
            return [];
        }
    }

    private static OrchestrationState StateOf(OrchestrationMetadata instance) => new()
    {
        InstanceId = instance.InstanceId,
        ExecutionId = string.Empty,
        Name = instance.Name,
        RuntimeStatus = instance.RuntimeStatus,
        CreatedAt = instance.CreatedAt,
        LastUpdatedAt = instance.LastUpdatedAt,
        CompletedAt = instance.IsCompleted ? instance.LastUpdatedAt : null,
        SerializedInput = instance.SerializedInput,
        // Some backends repeat the failure there, in words.
        SerializedOutput = instance.RuntimeStatus == OrchestrationRuntimeStatus.Failed ? null : instance.SerializedOutput,
        SerializedCustomStatus = instance.SerializedCustomStatus,
        FailureDetails = instance.FailureDetails,
        Tags = instance.Tags,
    };
}
