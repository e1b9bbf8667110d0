using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing.Caddy;

/// <summary>Caddy did not take a configuration; it goes on with the one before.</summary>
/// <param name="isOfStreams">It does not know <see cref="CaddyStreams.Field"/>.</param>
internal sealed class CaddyRefusedException(string reason, bool isOfStreams = false) : Exception(reason)
{
    public bool IsOfStreams { get; } = isOfStreams;
}

/// <summary>Caddy closed the connection, as it does with open ones when it loads a configuration; what became of the request is unknown.</summary>
internal sealed class CaddyInterruptedException(string message) : TransientFailureException(message);

/// <summary>A configuration and the version that it was read at.</summary>
internal sealed record CaddyApps(JsonObject? Apps, string Version);

/// <summary>Caddy's admin API.</summary>
internal sealed class CaddyAdmin(IHttpClientFactory clients, IOptions<CaddyOptions> options)
{
    public const string HttpClientName = "caddy-admin";
    private const string AppsPath = "/config/apps";
    private const string AllPath = "/config/";
    private const string NoConfiguration = "invalid traversal path";
    private const int LongestReason = 300;

    /// <summary>The configuration as it is now; without <c>apps</c> where Caddy has none at all.</summary>
    public async Task<CaddyApps> ReadAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, Address(AppsPath)), cancellationToken);
        if (answer.StatusCode == HttpStatusCode.BadRequest
            && (await answer.Content.ReadAsStringAsync(cancellationToken)).Contains(NoConfiguration, StringComparison.Ordinal))
        {
            return new CaddyApps(null, string.Empty);
        }

        await ThrowUnlessDoneAsync(answer, cancellationToken);
        var apps = await JsonAsync(answer, cancellationToken) as JsonObject;
        return new CaddyApps(apps, VersionOf(answer));
    }

    /// <summary>Replaces the configuration if it is still at the version that was read.</summary>
    /// <returns>False if somebody has changed it meanwhile.</returns>
    /// <exception cref="CaddyRefusedException">Caddy cannot work with it.</exception>
    public async Task<bool> TryReplaceAsync(CaddyApps changed, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address(AppsPath))
        {
            Content = new StringContent(changed.Apps!.ToJsonString(), Encoding.UTF8, "application/json"),
        };
        request.Headers.TryAddWithoutValidation("If-Match", changed.Version);
        using var answer = await SendAsync(request, cancellationToken);
        if (answer.StatusCode == HttpStatusCode.PreconditionFailed)
        {
            return false;
        }

        if (!answer.IsSuccessStatusCode)
        {
            // Its reason names the way to the field first, and is longer than what is told.
            var isOfStreams = (await answer.Content.ReadAsStringAsync(cancellationToken)).Contains(CaddyStreams.Field, StringComparison.Ordinal);
            throw new CaddyRefusedException(await ReasonAsync(answer, cancellationToken), isOfStreams);
        }

        return true;
    }

    /// <summary>The whole configuration.</summary>
    public async Task<JsonObject> ReadAllAsync(CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, Address(AllPath)), cancellationToken);
        await ThrowUnlessDoneAsync(answer, cancellationToken);
        return await JsonAsync(answer, cancellationToken) as JsonObject ?? [];
    }

    /// <summary>Replaces the whole configuration, whatever it is.</summary>
    public async Task LoadAsync(string configuration, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address("/load"))
        {
            Content = new StringContent(configuration, Encoding.UTF8, "application/json"),
        };
        using var answer = await SendAsync(request, cancellationToken);
        await ThrowUnlessDoneAsync(answer, cancellationToken);
    }

    /// <summary>The part of the configuration that has this <c>@id</c>; null if there is none.</summary>
    public async Task<JsonNode?> FindAsync(string id, CancellationToken cancellationToken)
    {
        using var answer = await SendAsync(new HttpRequestMessage(HttpMethod.Get, Address($"/id/{Uri.EscapeDataString(id)}")), cancellationToken);
        if (answer.StatusCode == HttpStatusCode.NotFound)
        {
            return null;
        }

        await ThrowUnlessDoneAsync(answer, cancellationToken);
        return await JsonAsync(answer, cancellationToken);
    }

    // It is the hash of what was sent, so it comes behind that, as a trailer. Without it, changes of others would be lost.
    private static string VersionOf(HttpResponseMessage answer) =>
        answer.TrailingHeaders.NonValidated.TryGetValues("Etag", out var trailing) ? trailing.ToString()
        : answer.Headers.NonValidated.TryGetValues("Etag", out var leading) ? leading.ToString()
        : throw new PermanentFailureException("Caddy's admin API does not say at which version its configuration is: Caddy 2.5 or later is needed.");

    private Uri Address(string path) => new(options.Value.Admin, path);

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(options.Value.Timeout);
        try
        {
            using var client = clients.CreateClient(HttpClientName);
            return await client.SendAsync(request, limit.Token);
        }
        catch (HttpRequestException cut) when (
            cut.HttpRequestError is not (HttpRequestError.ConnectionError or HttpRequestError.NameResolutionError)
            || cut.InnerException is SocketException { SocketErrorCode: SocketError.ConnectionReset })
        {
            throw new CaddyInterruptedException($"Caddy's admin API at {options.Value.Admin.Authority} broke off: {cut.InnerException?.Message ?? cut.Message}.");
        }
        catch (HttpRequestException away)
        {
            throw new TransientFailureException($"Caddy's admin API at {options.Value.Admin.Authority} cannot be reached: {away.InnerException?.Message ?? away.Message}.", away);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientFailureException($"Caddy's admin API at {options.Value.Admin.Authority} did not answer in time.");
        }
    }

    private async Task<JsonNode?> JsonAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        try
        {
            return await JsonNode.ParseAsync(await answer.Content.ReadAsStreamAsync(cancellationToken), cancellationToken: cancellationToken);
        }
        catch (JsonException)
        {
            throw new TransientFailureException($"Caddy's admin API at {options.Value.Admin.Authority} answered something that is not JSON.");
        }
    }

    private async Task ThrowUnlessDoneAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        if (!answer.IsSuccessStatusCode)
        {
            throw new TransientFailureException(
                $"Caddy's admin API at {options.Value.Admin.Authority} answered {(int)answer.StatusCode}: {await ReasonAsync(answer, cancellationToken)}");
        }
    }

    // {"error": "…"}; shortened, and never with what looks like a key.
    private static async Task<string> ReasonAsync(HttpResponseMessage answer, CancellationToken cancellationToken)
    {
        var text = await answer.Content.ReadAsStringAsync(cancellationToken);
        if (text.Contains("PRIVATE KEY", StringComparison.Ordinal))
        {
            return "(its reason quotes a key and is left out)";
        }

        return text.Length > LongestReason ? text[..LongestReason] + "…" : text.Trim();
    }
}
