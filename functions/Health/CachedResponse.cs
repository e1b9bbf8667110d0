namespace Bibind.Functions.Health;

/// <summary>The answer to a question that anybody may have asked and that costs calls to every server: kept for a while, and asked by one at a time.</summary>
internal sealed class CachedResponse<T>(TimeProvider time, TimeSpan? keptFor = null) : IDisposable
{
    private readonly TimeSpan _kept = keptFor ?? TimeSpan.FromMinutes(1);

    private readonly SemaphoreSlim _one = new(1, 1);
    private DateTimeOffset _asked = DateTimeOffset.MinValue;
    private T? _answer;

    public async Task<T> GetAsync(Func<CancellationToken, Task<T>> ask, CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (time.GetUtcNow() - _asked >= _kept)
            {
                _answer = await ask(cancellation);
                _asked = time.GetUtcNow();
            }

            return _answer!;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();
}
