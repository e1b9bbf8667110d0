using Bibind.Durable.Worker;

namespace Bibind.Functions.Health;

/// <summary>The worker takes work.</summary>
internal sealed class WorkerCheck(TaskHubWorker worker) : IReadinessCheck
{
    public string Name => "worker";

    public Task<string?> FindFaultAsync(CancellationToken cancellation) =>
        Task.FromResult(worker.IsRunning ? null : "It does not run.");
}
