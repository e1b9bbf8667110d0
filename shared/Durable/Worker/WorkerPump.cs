namespace Bibind.Durable.Worker;

/// <summary>How a pumped worker stopped.</summary>
/// <param name="IsIdle">True if nothing was due any more; false if the time was up.</param>
/// <param name="NextDueAt">When something is due next as far as the hub knows: a timer, or a lease that runs out (UTC).</param>
public sealed record PumpResult(bool IsIdle, DateTime? NextDueAt);

/// <summary>Runs a worker for a while, for hosts in which no process lives on. Any number may run at once.</summary>
public sealed class WorkerPump(Func<TaskHubWorker> createWorker)
{
    /// <summary>Works until nothing is due or the time is up; what is under way then is given back.</summary>
    public async Task<PumpResult> RunAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        await using var worker = createWorker();
        return await worker.RunUntilIdleAsync(limit, cancellationToken);
    }
}
