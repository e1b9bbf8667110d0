using Bibind.Durable.Client;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;

namespace Bibind.ControlPlane.Jobs;

/// <summary>What of the settings <c>Worker:*</c> concerns whoever takes up the work of others.</summary>
public sealed class WorkerLeaseOptions
{
    public const string Section = "Worker";

    /// <summary>How long a worker that hears nothing may think that a step is still its own.</summary>
    public TimeSpan LeaseDuration { get; set; } = TimeSpan.FromSeconds(15);
}

/// <summary>
/// Asks the engine whether the orchestrations of open jobs go on. Whoever acts on the answer looks at the jobs' rows again: an
/// orchestration that has ended properly has closed its job before.
/// </summary>
public sealed class JobOrchestrations(DurableTaskClient client, IOptions<WorkerLeaseOptions> leases, TimeProvider time)
{
    /// <summary>
    /// The jobs among these whose orchestration has ended, or that have none. One that has only just ended is left out: for as long as a lease
    /// lasts, a step of it may be under way on a host that does not know yet.
    /// </summary>
    public Task<string[]> FindEndedAsync(IReadOnlyCollection<string> jobIds, CancellationToken cancellationToken) =>
        FindAsync(jobIds, leases.Value.LeaseDuration, cancellationToken);

    /// <summary>The same at once, for orchestrations whose late steps do no harm.</summary>
    public Task<string[]> FindStoppedAsync(IReadOnlyCollection<string> jobIds, CancellationToken cancellationToken) =>
        FindAsync(jobIds, TimeSpan.Zero, cancellationToken);

    private async Task<string[]> FindAsync(IReadOnlyCollection<string> jobIds, TimeSpan quiet, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(jobIds);
        if (jobIds.Count == 0)
        {
            return [];
        }

        var before = time.GetUtcNow() - quiet;
        var states = await client.GetStatesAsync(jobIds, cancellationToken);
        return [.. jobIds.Where(id => !states.TryGetValue(id, out var state) || (state.IsCompleted && (quiet == TimeSpan.Zero || (state.CompletedAt ?? state.LastUpdatedAt) < before)))];
    }
}
