using System.Collections.Concurrent;

namespace Bibind.Durable.Worker;

/// <summary>
/// Work whose code this worker does not have, as while two versions of a program run side by side. It is given back at once, so that
/// another worker can take it, and this one passes it by for a while: whoever waits shortest would take it again and again.
/// </summary>
/// <typeparam name="TId">What instances or activities are known by.</typeparam>
internal sealed class LeftToOthers<TId>(TimeProvider time)
    where TId : notnull
{
    private readonly ConcurrentDictionary<TId, DateTimeOffset> _until = [];

    /// <summary>Passes it by for that long.</summary>
    public void Add(TId id, TimeSpan wait) => _until[id] = time.GetUtcNow() + wait;

    /// <summary>What is passed by now.</summary>
    public IReadOnlyList<TId> Current()
    {
        if (_until.IsEmpty)
        {
            return [];
        }

        var now = time.GetUtcNow();
        foreach (var over in _until.ToArray().Where(l => l.Value <= now))
        {
            _until.TryRemove(over);
        }

        return [.. _until.Keys];
    }
}
