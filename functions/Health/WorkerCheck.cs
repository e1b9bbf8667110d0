namespace Bibind.Functions.Health;

/// <summary>The worker takes work.</summary>
internal sealed class WorkerCheck(Func<bool> isRunning) : IReadinessCheck
{
    public string Name => "worker";

    public Task<string?> FindFaultAsync(CancellationToken cancellation) =>
        Task.FromResult(isRunning() ? null : "It does not run.");
}
