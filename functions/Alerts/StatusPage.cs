using Bibind.ControlPlane.Alerts;
using Bibind.Functions.Health;

namespace Bibind.Functions.Alerts;

/// <summary>Whether all works, for everybody.</summary>
/// <param name="Status"><c>operational</c>, or <c>degraded</c> while something is wrong that customers notice.</param>
/// <param name="Since">Since when it is degraded.</param>
public sealed record StatusView(string Status, DateTimeOffset? Since);

/// <summary>Whether customers notice that something is wrong: a server is offline, or nobody works on what is due. Which one is nobody's business.</summary>
internal sealed class StatusPage(AlertStore alerts, TimeProvider time) : IDisposable
{
    private static readonly string[] Noticed = [AlertKinds.ServerOffline, AlertKinds.QueueAge, AlertKinds.OrchestrationQuarantined];

    private readonly CachedResponse<StatusView> _status = new(time, TimeSpan.FromSeconds(15));

    public Task<StatusView> ReadAsync(CancellationToken cancellationToken) => _status.GetAsync(AskAsync, cancellationToken);

    /// <summary>For browsers; it needs nothing besides.</summary>
    public static string Show(StatusView status) => status.Since is { } since
        ? Page("Degraded", $"Something is wrong since {since.UtcDateTime:yyyy-MM-dd HH:mm} UTC, and it is being looked at.")
        : Page("Operational", "All systems work.");

    public void Dispose() => _status.Dispose();

    private async Task<StatusView> AskAsync(CancellationToken cancellationToken) =>
        await alerts.FindOldestAsync(Noticed, cancellationToken) is { } since ? new StatusView("degraded", since) : new StatusView("operational", null);

    private static string Page(string title, string text) =>
        $"<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width\"><title>{title}</title></head><body><main><h1>{title}</h1><p>{text}</p></main></body></html>";
}
