using System.Collections.Concurrent;
using Bibind.Contracts;
using Bibind.ControlPlane.Pools;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>Ready clones, in memory.</summary>
internal sealed class MemoryPools : IWarmPools
{
    /// <summary>A label that no other test has.</summary>
    public string Label { get; } = Guid.NewGuid().ToString("n")[..8];

    /// <summary>States by entry.</summary>
    public ConcurrentDictionary<long, string> States { get; } = new();

    /// <summary>What was noted when an entry became ready.</summary>
    public ConcurrentDictionary<long, (long Oid, long Bytes, bool HasFiles)> Ready { get; } = new();

    /// <summary>Why entries were put off.</summary>
    public ConcurrentDictionary<long, string> Reasons { get; } = new();

    /// <summary>What the last plan was made of.</summary>
    public SeenPoolDatabases? Seen { get; private set; }

    public Task<string> GetLabelAsync(CancellationToken cancellationToken) => Task.FromResult(Label);

    public Task<WarmPoolPlan> PlanAsync(long serverId, WarmPoolLimits limits, SeenPoolDatabases? seen, CancellationToken cancellationToken)
    {
        Seen = seen;
        return Task.FromResult(new WarmPoolPlan());
    }

    public Task<bool> IsFillingAsync(long entryId, CancellationToken cancellationToken) =>
        Task.FromResult(States.GetOrAdd(entryId, PoolEntryStates.Filling) == PoolEntryStates.Filling);

    public Task MarkReadyAsync(long entryId, long oid, long bytes, bool hasFiles, CancellationToken cancellationToken)
    {
        States[entryId] = PoolEntryStates.Ready;
        Ready[entryId] = (oid, bytes, hasFiles);
        return Task.CompletedTask;
    }

    public Task PutOffAsync(long entryId, string reason, CancellationToken cancellationToken)
    {
        Reasons[entryId] = reason;
        return Task.CompletedTask;
    }

    public Task ForgetAsync(long entryId, CancellationToken cancellationToken)
    {
        States.TryRemove(entryId, out _);
        return Task.CompletedTask;
    }
}
