using Bibind.Durable.History;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable;

/// <summary>What this hub's client answers beyond Durable Task's abstractions.</summary>
/// <exception cref="NotSupportedException">The client is another backend's.</exception>
public static class ClientExtensions
{
    extension(DurableTaskClient client)
    {
        /// <summary>The instance with all that the hub knows, or null.</summary>
        public async Task<OrchestrationState?> GetStateAsync(string instanceId, CancellationToken cancellation = default) =>
            (await client.GetStatesAsync([instanceId], cancellation)).GetValueOrDefault(instanceId);

        /// <summary>Several instances at once; those that do not exist are left out.</summary>
        public Task<IReadOnlyDictionary<string, OrchestrationState>> GetStatesAsync(
            IReadOnlyCollection<string> instanceIds, CancellationToken cancellation = default) =>
            Of(client).Hub.GetInstancesAsync(instanceIds, cancellation);

        /// <summary>Instances, newest first, by page. A <see cref="HubQuery"/> asks for more.</summary>
        public Task<OrchestrationPage> QueryStatesAsync(OrchestrationQuery query, CancellationToken cancellation = default) =>
            Of(client).Hub.QueryAsync(HubQuery.Of(query), cancellation);

        /// <summary>Waits for the end of an instance.</summary>
        /// <exception cref="InvalidOperationException">There is no such instance.</exception>
        public Task<OrchestrationState> WaitForEndAsync(string instanceId, CancellationToken cancellation = default) =>
            Of(client).WaitAsync(instanceId, cancellation);

        /// <summary>The history of the current execution as it is stored, in order; empty if there is none.</summary>
        public Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellation = default) =>
            Of(client).Hub.GetHistoryAsync(instanceId, cancellation);

        /// <summary>
        /// Gives an isolated instance back to the workers; false if there is none. One that has a termination in its inbox
        /// ends without its code being run.
        /// </summary>
        public Task<bool> ReleaseIsolatedAsync(string instanceId, CancellationToken cancellation = default) =>
            Of(client).ReleaseAsync(instanceId, cancellation);
    }

    private static TaskHubClient Of(DurableTaskClient client) => client as TaskHubClient
        ?? throw new NotSupportedException($"{client.GetType().Name} is the client of another backend than ours, which has no such call.");
}
