using System.Collections.Concurrent;

namespace Bibind.Functions.Security;

/// <summary>
/// What was found out about credentials, for a short time. Whoever sends what nobody knows must not fill the memory: beyond <see cref="MostKept"/> nothing is kept
/// until something ends.
/// </summary>
internal sealed class ExpiringCache<TValue>(TimeProvider time)
{
    /// <summary>The most entries.</summary>
    public const int MostKept = 10_000;

    private readonly ConcurrentDictionary<string, (TValue Value, DateTimeOffset Until)> _known = new(StringComparer.Ordinal);

    /// <summary>What is kept under a key; false if nothing is, or its time is over.</summary>
    public bool TryGet(string key, out TValue value)
    {
        var isKnown = _known.TryGetValue(key, out var kept) && time.GetUtcNow() < kept.Until;
        value = kept.Value;
        return isKnown;
    }

    /// <summary>Keeps a value until then.</summary>
    public void Keep(string key, TValue value, DateTimeOffset until)
    {
        if (_known.Count >= MostKept)
        {
            var now = time.GetUtcNow();
            Forget((_, end) => end <= now);
        }

        if (_known.Count < MostKept)
        {
            _known[key] = (value, until);
        }
    }

    /// <summary>Forgets what is kept about something.</summary>
    public void Forget(Func<TValue, bool> isMeant) => Forget((value, _) => isMeant(value));

    private void Forget(Func<TValue, DateTimeOffset, bool> isMeant)
    {
        foreach (var (key, _) in _known.Where(k => isMeant(k.Value.Value, k.Value.Until)))
        {
            _known.TryRemove(key, out _);
        }
    }
}
