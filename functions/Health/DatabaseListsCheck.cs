using Bibind.ControlPlane.Servers;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Health;

/// <summary>The applications of the active servers tell nobody which databases they have.</summary>
internal sealed class DatabaseListsCheck(ServerStore servers, ApplicationProbe applications, TimeProvider time) : IReadinessCheck, IDisposable
{
    // Shorter than the limit of the whole answer: an application that hangs must not make every answer slow.
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly CachedResponse<string?> _fault = new(time);

    public string Name => "database-lists";

    public bool IsWarning => true;

    public Task<string?> FindFaultAsync(CancellationToken cancellation) => _fault.GetAsync(AskAsync, cancellation);

    public void Dispose() => _fault.Dispose();

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
