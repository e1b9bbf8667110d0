using System.Collections.Concurrent;

namespace Bibind.Durable.Worker;

/// <summary>
/// Instances whose code this worker does not have, as while two versions of a program run side by side. They are given back at once, so that
/// another worker can take them, and this one passes them by for a while: whoever waits shortest would take them again and again.
/// </summary>
internal sealed class LeftToOthers(TimeProvider time)
{
    private readonly ConcurrentDictionary<string, DateTimeOffset> _until = new(StringComparer.Ordinal);

    /// <summary>Passes an instance by for that long.</summary>
    public void Add(string instanceId, TimeSpan wait) => _until[instanceId] = time.GetUtcNow() + wait;

    /// <summary>The instances that are passed by now.</summary>
    public IReadOnlyList<string> Current()
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
