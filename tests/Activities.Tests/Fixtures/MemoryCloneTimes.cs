using System.Collections.Concurrent;
using Bibind.ControlPlane.Pools;

namespace Bibind.Activities.Tests.Fixtures;

/// <summary>How long cloning takes, in memory.</summary>
internal sealed class MemoryCloneTimes : ICloneTimes
{
    public ConcurrentDictionary<(CloneSource Source, string Strategy), CloneTime> Times { get; } = new();

    public Task<IReadOnlyList<CloneTime>> ListAsync(CloneSource source, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<CloneTime>>([.. Times.Where(t => t.Key.Source == source).Select(t => t.Value)]);

    public Task RememberAsync(CloneSource source, CloneTime time, CancellationToken cancellationToken)
    {
        Times.AddOrUpdate((source, time.Strategy), time, (_, before) => before.Milliseconds is null ? time : before);
        return Task.CompletedTask;
    }
}
