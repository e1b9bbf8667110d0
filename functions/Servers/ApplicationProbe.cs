using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text.Json;
using Bibind.ControlPlane;

namespace Bibind.Functions.Servers;

/// <summary>What a server's application said.</summary>
/// <param name="Ok">True if it answers as the application does.</param>
/// <param name="Message">What was found, or what is wrong, in words.</param>
/// <param name="Version">Its version; null where it does not say.</param>
/// <param name="Took">How long it took.</param>
public sealed record ApplicationAnswer(bool Ok, string Message, string? Version, TimeSpan Took);

/// <summary>
/// Asks a server's application for its version (JSON-RPC <c>common.version</c>; where that is gone, <c>/web/health</c>,
/// <c>/web/version</c> and <c>/json/2</c>), and whether it lists its databases to anybody (<c>db.list</c>).
/// </summary>
public sealed class ApplicationProbe : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    // A version with everything around it has some hundred bytes.
    private const int LongestAnswer = 64 * 1024;
    private const int LongestVersion = 64;
    private const int LongestMessage = 200;

    private readonly ApplicationClient _client = new();

    /// <summary>Answers in words; never throws for an application that does not answer.</summary>
    public async Task<CheckResult> CheckAsync(Uri url, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(url);
        var found = await AskAsync(url, Limit, cancellation);
        var result = new CheckResult(found.Ok, found.Message) { Version = found.Version };
        return found.Ok && await ListsDatabasesAsync(url, cancellation)
            ? result with { Warning = $"{url.Authority} lists the databases of all tenants to whoever asks: set list_db = False in its configuration" }
            : result;
    }

    /// <summary>Asks for the version; never throws for an application that does not answer.</summary>
    /// <param name="url">The application's address.</param>
    /// <param name="limit">How long it may take.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<ApplicationAnswer> AskAsync(Uri url, TimeSpan limit, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(url);
        var address = Below(url, "jsonrpc");
        var clock = Stopwatch.StartNew();
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(limit);
        try
        {
            var answer = await CallAsync(address, "common", "version", LongestAnswer, limited.Token);
            var (ok, message, version) = answer.Status is HttpStatusCode.NotFound or HttpStatusCode.MethodNotAllowed or HttpStatusCode.Gone
                ? await AskWithoutRpcAsync(url, (int)answer.Status, limited.Token)
                : Judge(address, answer);
            return new ApplicationAnswer(ok, message, version, clock.Elapsed);
        }
        catch (Exception failure) when (failure is HttpRequestException or IOException or SocketException)
        {
            return new ApplicationAnswer(false, Explain(failure, address), null, clock.Elapsed);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            return new ApplicationAnswer(false, $"{address} did not answer within {limit.TotalSeconds:0.#} seconds.", null, clock.Elapsed);
        }
    }

    /// <summary>True if the application tells anybody which databases it has; false if it refuses, or does not answer.</summary>
    public async Task<bool> ListsDatabasesAsync(Uri url, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(url);
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        limited.CancelAfter(Limit);
        try
        {
            var answer = await CallAsync(Below(url, "jsonrpc"), "db", "list", ApplicationClient.LongestBody, limited.Token);
            using var said = JsonDocument.Parse(answer.Body);
            return said.RootElement is { ValueKind: JsonValueKind.Object } root && root.TryGetProperty("result", out var result) && result.ValueKind == JsonValueKind.Array;
        }
        catch (Exception silent) when (silent is HttpRequestException or IOException or SocketException or JsonException
            || (silent is OperationCanceledException && !cancellation.IsCancellationRequested))
        {
            return false;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private static Uri Below(Uri url, string path) => new($"{url.AbsoluteUri.TrimEnd('/')}/{path}");

    private async Task<ApplicationResponse> CallAsync(Uri address, string service, string method, int longest, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address)
        {
            Content = JsonContent.Create(new { jsonrpc = "2.0", method = "call", @params = new { service, method, args = Array.Empty<object>() }, id = 1 }),
        };
        return await _client.SendAsync(request, longest, cancellation);
    }

    private async Task<ApplicationResponse> GetAsync(Uri address, CancellationToken cancellation)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, address);
        return await _client.SendAsync(request, LongestAnswer, cancellation);
    }

    // A page that says "pass" could be anything's; what speaks /json/2, or says its version, is the application.
    private async Task<(bool Ok, string Message, string? Version)> AskWithoutRpcAsync(Uri url, int rpcStatus, CancellationToken cancellation)
    {
        var health = await GetAsync(Below(url, "web/health"), cancellation);
        if (health.Status != HttpStatusCode.OK || TextOf(health, "status") != "pass")
        {
            return (false, $"{Below(url, "jsonrpc")} answered HTTP {rpcStatus}, and {Below(url, "web/health")} HTTP {(int)health.Status} without \"pass\"; is it the application's address?", null);
        }

        if (TextOf(await GetAsync(Below(url, "web/version"), cancellation), "version") is { } version)
        {
            return (true, $"The application answers without JSON-RPC: version {Shown(version, LongestVersion)}.", Shown(version, LongestVersion));
        }

        var json = await GetAsync(Below(url, "json/2"), cancellation);
        return json.Status is HttpStatusCode.NotFound or >= HttpStatusCode.InternalServerError
            ? (false, $"{url.Authority} has neither JSON-RPC (HTTP {rpcStatus}) nor /json/2 (HTTP {(int)json.Status}); is it the application's address?", null)
            : (true, "The application answers without JSON-RPC, and does not say its version.", null);
    }

    private static (bool Ok, string Message, string? Version) Judge(Uri address, ApplicationResponse answer)
    {
        if ((int)answer.Status is >= 300 and < 400)
        {
            return (false, $"{address} leads elsewhere (HTTP {(int)answer.Status}), which is not followed; is it the application's address?", null);
        }

        if (answer.Status != HttpStatusCode.OK)
        {
            return (false, $"{address} answered HTTP {(int)answer.Status}; is it the application's address?", null);
        }

        if (!answer.IsWhole)
        {
            return (false, $"{address} answered with more than {LongestAnswer / 1024} KiB; is it the application's address?", null);
        }

        try
        {
            using var said = JsonDocument.Parse(answer.Body);
            if (Member(said.RootElement, "result") is { } result && Text(Member(result, "server_version")) is { } version)
            {
                return (true, $"The application answers: version {Shown(version, LongestVersion)}.", Shown(version, LongestVersion));
            }

            if (Member(said.RootElement, "error") is { } error)
            {
                var words = Text(Member(error, "data") is { } data ? Member(data, "message") : null) ?? Text(Member(error, "message"));
                return (false, $"{address} answered, but not with a version: it reports an error{(words is null ? "." : $" ({Shown(words, LongestMessage)}).")}", null);
            }
        }
        catch (JsonException)
        {
            return (false, $"{address} answered, but not with JSON; is it the application's address?", null);
        }

        return (false, $"{address} answered, but not with a version; is it the application's address?", null);
    }

    private static string? TextOf(ApplicationResponse answer, string member)
    {
        try
        {
            using var said = JsonDocument.Parse(answer.Body);
            return Text(Member(said.RootElement, member));
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static JsonElement? Member(JsonElement json, string name) =>
        json.ValueKind == JsonValueKind.Object && json.TryGetProperty(name, out var value) ? value : null;

    private static string? Text(JsonElement? json)
    {
        try
        {
            return json is { ValueKind: JsonValueKind.String } text ? text.GetString() : null;
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair.
            return null;
        }
    }

    // Whatever is said there is said by others.
    private static string Shown(string text, int longest) => Problems.SecretText.Show(PlainText.Escape(text.Length <= longest ? text : text[..longest]));

    private static string Explain(Exception failure, Uri address) => failure switch
    {
        ForbiddenAddressException forbidden => forbidden.Message,
        SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"Nothing listens at {address.Authority} (connection refused).",
        SocketException { SocketErrorCode: SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain } => $"The host name '{address.Host}' cannot be resolved.",
        SocketException { SocketErrorCode: SocketError.HostUnreachable or SocketError.NetworkUnreachable } => $"{address.Authority} cannot be reached from here.",
        SocketException { SocketErrorCode: SocketError.TimedOut } => $"{address.Authority} did not answer in time.",
        AuthenticationException => $"The TLS certificate of {address.Authority} is not accepted.",
        HttpRequestException { HttpRequestError: HttpRequestError.ConfigurationLimitExceeded } => $"{address} answered with headers that are too long; is it the application's address?",
        { InnerException: { } inner } => Explain(inner, address),
        HttpRequestException or IOException => $"{address} did not answer as HTTP does, or broke off.",
        _ => $"{address.Authority} cannot be worked with: {failure.Message}",
    };
}
