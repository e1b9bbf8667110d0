using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;

namespace Bibind.Functions.Servers;

/// <summary>Asks a server's application for its version (JSON-RPC <c>common.version</c>), and whether it lists its databases to anybody (<c>db.list</c>).</summary>
public sealed class ApplicationProbe : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    private readonly HttpClient _client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseProxy = false, PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5) })
    {
        Timeout = Limit,
        MaxResponseContentBufferSize = 1024 * 1024,
    };

    /// <summary>Answers in words; never throws for an application that does not answer.</summary>
    public async Task<CheckResult> CheckAsync(Uri url, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(url);
        var address = AddressOf(url);
        try
        {
            using var answer = await AskAsync(address, "common", "version", cancellation);
            if (!answer.IsSuccessStatusCode)
            {
                return new CheckResult(false, $"{address} answered HTTP {(int)answer.StatusCode}; is it the application's address?");
            }

            var found = Judge(address, await answer.Content.ReadAsStringAsync(cancellation));
            return found.Ok && await ListsDatabasesAsync(url, cancellation)
                ? found with { Warning = $"{address.Authority} lists the databases of all tenants to whoever asks: set list_db = False in its configuration" }
                : found;
        }
        catch (HttpRequestException failure)
        {
            return new CheckResult(false, Explain(failure, address));
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new CheckResult(false, $"{address} did not answer within {Limit.TotalSeconds:0} seconds.");
        }
    }

    /// <summary>True if the application tells anybody which databases it has; false if it refuses, or does not answer.</summary>
    public async Task<bool> ListsDatabasesAsync(Uri url, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(url);
        try
        {
            using var answer = await AskAsync(AddressOf(url), "db", "list", cancellation);
            using var said = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(cancellation));
            return said.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("result", out var result) && result.ValueKind == JsonValueKind.Array;
        }
        catch (Exception silent) when (silent is HttpRequestException or JsonException || (silent is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static Uri AddressOf(Uri url) => new($"{url.AbsoluteUri.TrimEnd('/')}/jsonrpc");

    private Task<HttpResponseMessage> AskAsync(Uri address, string service, string method, CancellationToken cancellation) =>
        _client.PostAsJsonAsync(address, new { jsonrpc = "2.0", method = "call", @params = new { service, method, args = Array.Empty<object>() }, id = 1 }, cancellation);

    private static CheckResult Judge(Uri address, string text)
    {
        try
        {
            using var answer = JsonDocument.Parse(text);
            if (answer.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("result", out var result)
                && result.ValueKind == JsonValueKind.Object
                && result.TryGetProperty("server_version", out var version)
                && version.ValueKind == JsonValueKind.String)
            {
                return new CheckResult(true, $"The application answers: version {version.GetString()}.");
            }
        }
        catch (JsonException)
        {
            return new CheckResult(false, $"{address} answered, but not with JSON; is it the application's address?");
        }

        return new CheckResult(false, $"{address} answered, but not with a version; is it the application's address?");
    }

    private static string Explain(Exception failure, Uri address) => failure switch
    {
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"Nothing listens at {address.Authority} (connection refused).",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } => $"The host name '{address.Host}' cannot be resolved.",
        SocketException { SocketErrorCode: SocketError.TimedOut } => $"{address.Authority} did not answer in time.",
        AuthenticationException => $"The TLS certificate of {address.Authority} is not accepted.",
        { InnerException: { } inner } => Explain(inner, address),
        _ => $"{address.Authority} cannot be worked with: {failure.Message}",
    };
}
