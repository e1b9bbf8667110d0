using Bibind.Durable.Client;
using Microsoft.DurableTask.Client;

namespace Bibind.Functions.Health;

/// <summary>The task hub answers.</summary>
internal sealed class TaskHubCheck(DurableTaskClient client) : IReadinessCheck
{
    public string Name => "task-hub";

    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        await client.GetStateAsync("health-check", cancellation);
        return null;
    }
}
