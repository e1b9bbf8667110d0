using Bibind.ControlPlane.Servers;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Health;

/// <summary>The applications of the active servers tell nobody which databases they have.</summary>
internal sealed class DatabaseListsCheck(ServerStore servers, ApplicationProbe applications, TimeProvider time) : IReadinessCheck, IDisposable
{
    // Anybody may ask, and every question goes to every server.
    private static readonly TimeSpan Kept = TimeSpan.FromMinutes(1);

    // Shorter than the limit of the whole answer: an application that hangs must not make every answer slow.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _one = new(1, 1);
    private DateTimeOffset _asked = DateTimeOffset.MinValue;
    private string? _fault;

    public string Name => "database-lists";

    public bool IsWarning => true;

    public async Task<string?> FindFaultAsync(CancellationToken cancellation)
    {
        await _one.WaitAsync(cancellation);
        try
        {
            if (time.GetUtcNow() - _asked >= Kept)
            {
                _fault = await AskAsync(cancellation);
                _asked = time.GetUtcNow();
            }

            return _fault;
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private async Task<string?> AskAsync(CancellationToken cancellation)
    {
        var active = (await servers.ListAsync(cancellation)).Where(s => s.State == ServerStates.Active).ToList();
        var open = await Task.WhenAll(active.Select(async s => await IsOpenAsync(new Uri(s.Url), cancellation) ? s.Code : null));
        var names = open.OfType<string>().ToList();
        return names.Count == 0 ? null : $"The application of {string.Join(", ", names)} lists its databases to whoever asks: list_db should be False.";
    }

    private async Task<bool> IsOpenAsync(Uri application, CancellationToken cancellation)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Limit);
        try
        {
            return await applications.ListsDatabasesAsync(application, limited.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return false;
        }
    }
}
