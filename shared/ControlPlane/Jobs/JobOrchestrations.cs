using Bibind.Durable.Client;
using Microsoft.DurableTask.Client;

namespace Bibind.ControlPlane.Jobs;

/// <summary>
/// Asks the engine whether the orchestrations of open jobs go on. Whoever acts on the answer looks at the jobs' rows again: an
/// orchestration that has ended properly has closed its job before.
/// </summary>
public sealed class JobOrchestrations(DurableTaskClient client)
{
    /// <summary>The jobs among these whose orchestration has ended, or that have none.</summary>
    public async Task<string[]> FindEndedAsync(IReadOnlyCollection<string> jobIds, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(jobIds);
        if (jobIds.Count == 0)
        {
            return [];
        }

        var states = await client.GetStatesAsync(jobIds, cancellationToken);
        return [.. jobIds.Where(id => !states.TryGetValue(id, out var state) || state.IsCompleted)];
    }
}
