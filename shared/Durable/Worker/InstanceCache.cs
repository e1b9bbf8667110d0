using Bibind.Durable.Execution;

namespace Bibind.Durable.Worker;

/// <summary>
/// Live states of instances that wait, least recently used first out. A state is good only for the lease that follows
/// the one it was kept under: the fencing token tells.
/// </summary>
internal sealed class InstanceCache(int capacity)
{
    private readonly Lock _lock = new();
    private readonly Dictionary<string, LinkedListNode<Entry>> _entries = new(StringComparer.Ordinal);
    private readonly LinkedList<Entry> _byUse = new();

    public void Keep(InstanceState state, long token)
    {
        lock (_lock)
        {
            Remove(state.InstanceId);
            _entries.Add(state.InstanceId, _byUse.AddLast(new Entry(state, token)));
            while (_entries.Count > capacity)
            {
                Remove(_byUse.First!.Value.State.InstanceId);
            }
        }
    }

    public InstanceState? Take(string instanceId, long previousToken)
    {
        lock (_lock)
        {
            if (!_entries.TryGetValue(instanceId, out var node))
            {
                return null;
            }

            Remove(instanceId);
            return node.Value.Token == previousToken ? node.Value.State : null;
        }
    }

    private void Remove(string instanceId)
    {
        if (_entries.Remove(instanceId, out var node))
        {
            _byUse.Remove(node);
        }
    }

    private sealed record Entry(InstanceState State, long Token);
}
