using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Client;

/// <summary>
/// What this hub's client answers beyond Durable Task's abstractions. A client of another backend answers by what those offer; what it
/// cannot know is left empty, and what it cannot do throws <see cref="NotSupportedException"/>.
/// </summary>
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
            client is TaskHubClient ours ? ours.Hub.GetInstancesAsync(instanceIds, cancellation) : OtherBackends.GetStatesAsync(client, instanceIds, cancellation);

        /// <summary>Instances, newest first, by page. A <see cref="HubQuery"/> asks for more.</summary>
        public Task<OrchestrationPage> QueryStatesAsync(OrchestrationQuery query, CancellationToken cancellation = default) =>
            client is TaskHubClient ours ? ours.Hub.QueryAsync(HubQuery.Of(query), cancellation) : OtherBackends.QueryAsync(client, query, cancellation);

        /// <summary>Waits for the end of an instance.</summary>
        /// <exception cref="InvalidOperationException">There is no such instance.</exception>
        public Task<OrchestrationState> WaitForEndAsync(string instanceId, CancellationToken cancellation = default) =>
            client is TaskHubClient ours ? ours.WaitAsync(instanceId, cancellation) : OtherBackends.WaitAsync(client, instanceId, cancellation);

        /// <summary>The history of the current execution as it is stored, in order; empty if there is none.</summary>
        public Task<IReadOnlyList<HistoryEvent>> GetHistoryAsync(string instanceId, CancellationToken cancellation = default) =>
            client is TaskHubClient ours ? ours.Hub.GetHistoryAsync(instanceId, cancellation) : OtherBackends.GetHistoryAsync(client, instanceId, cancellation);

        /// <summary>
        /// Gives a quarantined instance back to the workers; false if there is none. One that has a termination in its inbox
        /// ends without its code being run.
        /// </summary>
        public Task<bool> ReleaseQuarantinedAsync(string instanceId, CancellationToken cancellation = default) =>
            client is TaskHubClient ours
                ? ours.ReleaseAsync(instanceId, cancellation)
                : throw new NotSupportedException($"{client.GetType().Name} is the client of another backend than ours, which isolates nothing.");
    }
}
