using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using Bibind.Activities.Callers;
using Bibind.ControlPlane.Notices;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Notices;

/// <summary>
/// Posts notices to endpoints. A name is resolved for each attempt and the connection goes to the very address that was checked; redirects are not followed
/// and what an endpoint answers is not read.
/// </summary>
public sealed class WebhookSender : IDisposable
{
    private static readonly TimeSpan LongestAsked = TimeSpan.FromDays(1);
    private readonly WebhookEndpointStore _endpoints;
    private readonly TimeProvider _time;
    private readonly bool _allowPrivate;
    private readonly HttpClient _client;

    /// <summary>A sender by the settings.</summary>
    public WebhookSender(WebhookEndpointStore endpoints, IOptions<NoticeOptions> options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        _endpoints = endpoints;
        _time = time;
        _allowPrivate = options.Value.AllowPrivateTargets;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            // A proxy would connect where we cannot check.
            UseProxy = false,
            UseCookies = false,
            // What is kept open is not checked again.
            PooledConnectionLifetime = TimeSpan.Zero,
            MaxResponseHeadersLength = 16,
            ConnectCallback = (context, cancellationToken) => CheckedConnection.ConnectAsync(
                context.DnsEndPoint,
                address => CallbackTarget.RefusalOf(address, _allowPrivate) is { } refusal ? new CallbackRefusedException(refusal) : null,
                cancellationToken),
        })
        {
            Timeout = options.Value.Limit,
        };
    }

    /// <summary>Why an endpoint cannot be there, to follow the name of its field; null if nothing speaks against it yet.</summary>
    public static string? RefusalOf(string url, bool allowPrivate)
    {
        if (!Uri.TryCreate(url, UriKind.Absolute, out var target) || (target.Scheme != Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttp))
        {
            return "must be an https address such as https://console.example.com/notices";
        }

        if (target.UserInfo.Length > 0 || target.Fragment.Length > 0)
        {
            return "must have neither a user nor a fragment: messages are proved by their signature";
        }

        return target.Scheme == Uri.UriSchemeHttp && !allowPrivate
            ? "must be an https address (http is for one's own network: Notices__AllowPrivateTargets)"
            : CallbackTarget.RefusalOf(target, allowPrivate) is { } refusal ? $"cannot be posted to: {refusal.Replace("Callbacks__", "Notices__", StringComparison.Ordinal)}" : null;
    }

    /// <summary>The id that a receiver knows a delivery by.</summary>
    public static string IdOf(Guid uid) => $"msg_{uid:N}";

    /// <summary>Posts a delivery once; never throws for what the other side does.</summary>
    public async Task<AttemptEnd> SendAsync(TakenDelivery delivery, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(delivery);
        if (!delivery.IsOpen || delivery.EndpointId is not { } endpointId || delivery.Url is not { } url)
        {
            return new AttemptEnd(AttemptResults.Refused, "The endpoint is disabled or deleted; enable it and send the notice again.");
        }

        if (RefusalOf(url, _allowPrivate) is { } refusal)
        {
            return new AttemptEnd(AttemptResults.Refused, $"The endpoint's url {refusal}.");
        }

        var secrets = await _endpoints.SecretsOfAsync(endpointId, delivery.SecretVersion, delivery.PreviousSecretUntil, cancellationToken);
        if (secrets.Count == 0)
        {
            return new AttemptEnd(AttemptResults.Failed, "The endpoint's secret is not in the secret store; POST /api/webhook-endpoints/{id}/rotate-secret makes another.");
        }

        var target = new Uri(url);
        using var request = RequestOf(delivery, target, secrets);

        // A path or query may be what lets one in: only the host is shown.
        var host = target.Authority;
        try
        {
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return EndOf(answer, host);
        }
        catch (HttpRequestException refused) when (refused.InnerException is CallbackRefusedException why)
        {
            return new AttemptEnd(AttemptResults.Failed, $"{host} was not posted to: {why.Message.Replace("Callbacks__", "Notices__", StringComparison.Ordinal)}.");
        }
        catch (HttpRequestException unreachable)
        {
            return new AttemptEnd(AttemptResults.Failed, $"{host} cannot be reached: {unreachable.HttpRequestError}.") { IsAway = true };
        }
        catch (OperationCanceledException)
        {
            return new AttemptEnd(AttemptResults.Failed, string.Create(CultureInfo.InvariantCulture, $"{host} did not answer within {_client.Timeout.TotalSeconds:0} seconds.")) { IsAway = true };
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private HttpRequestMessage RequestOf(TakenDelivery delivery, Uri target, IReadOnlyList<string> secrets)
    {
        var id = IdOf(delivery.Uid);
        var now = _time.GetUtcNow();
        var body = BodyOf(delivery);
        var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("webhook-id", id);
        request.Headers.Add("webhook-timestamp", now.ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", WebhookSignature.Of(secrets, id, now, body));
        request.Headers.UserAgent.Add(new ProductInfoHeaderValue("Bibind-Notices", "1"));
        return request;
    }

    // The same at every attempt.
    private static byte[] BodyOf(TakenDelivery delivery) => JsonSerializer.SerializeToUtf8Bytes(
        new
        {
            type = delivery.Kind,
            timestamp = delivery.RaisedAt.UtcDateTime,
            data = new
            {
                notice = delivery.NoticeId,
                tenant = delivery.TenantCode,
                customer = delivery.Customer,
                details = JsonSerializer.Deserialize<Dictionary<string, string>>(delivery.Data),
            },
        },
        JsonSerializerOptions.Web);

    private AttemptEnd EndOf(HttpResponseMessage answer, string host)
    {
        var status = (int)answer.StatusCode;
        return answer.StatusCode switch
        {
            HttpStatusCode.Gone => new AttemptEnd(AttemptResults.Refused, $"{host} answered 410: it wants no more notices, and the endpoint was disabled.") { Unsubscribes = true },
            _ when status is >= 200 and < 300 => new AttemptEnd(AttemptResults.Sent, $"{host} answered {status}."),
            _ when status is >= 300 and < 400 => new AttemptEnd(AttemptResults.Failed, $"{host} answered {status}; redirects are not followed."),
            _ => new AttemptEnd(AttemptResults.Failed, $"{host} answered {status}.") { NotBefore = AskedBy(answer) },
        };
    }

    private TimeSpan? AskedBy(HttpResponseMessage answer)
    {
        var asked = answer.Headers.RetryAfter is not { } header ? null : header.Delta ?? header.Date - _time.GetUtcNow();
        return asked > LongestAsked ? LongestAsked : asked;
    }
}
