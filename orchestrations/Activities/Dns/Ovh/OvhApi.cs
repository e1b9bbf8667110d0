using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Bibind.Activities.Services;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns.Ovh;

/// <summary>OVH's API: each call is signed with the secrets of an application and a customer, by the API's own clock.</summary>
internal sealed class OvhApi
{
    private const string Service = "OVH";
    private readonly ServiceClient _service;
    private readonly OvhSettings _settings;
    private readonly TimeProvider _time;
    private readonly string _root;
    private long? _clockLead;

    public OvhApi(IHttpClientFactory clients, IOptions<DnsOptions> options, TimeProvider time)
    {
        _settings = options.Value.Ovh;
        _time = time;
        _root = _settings.Url.TrimEnd('/');
        _service = new ServiceClient(
            clients.CreateClient(DnsOptions.HttpClientName), Service, options.Value.CallLimit, options.Value.Patience, time);
    }

    /// <summary>Calls; null if there is no such thing (404).</summary>
    /// <param name="path">Below the API's address, query included.</param>
    /// <param name="body">JSON, or null.</param>
    public async Task<JsonElement?> CallAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        var isRepeated = false;
        while (true)
        {
            var answer = await _service.SendAsync(() => MakeAsync(method, path, body, cancellationToken), cancellationToken);
            if (answer.IsSuccess)
            {
                return answer.Body.Length == 0 ? default(JsonElement) : _service.ReadJson(answer);
            }

            var refusal = OvhRefusal.Read(answer);
            if (answer.Status == HttpStatusCode.NotFound && refusal.IsOfTheApi)
            {
                return null;
            }

            if (refusal.IsClockSkew && !isRepeated)
            {
                // A machine that was asleep is late; the API's clock is asked again.
                (_clockLead, isRepeated) = (null, true);
                continue;
            }

            throw Failure(answer, refusal);
        }
    }

    /// <summary>The signature of a call: <c>$1$</c> and the lower-case hex SHA-1 that the API defines.</summary>
    public static string Sign(string applicationSecret, string consumerKey, string method, string url, string body, long timestamp) =>
        "$1$" + Convert.ToHexStringLower(Hash(string.Create(
            CultureInfo.InvariantCulture, $"{applicationSecret}+{consumerKey}+{method}+{url}+{body}+{timestamp}")));

    [System.Diagnostics.CodeAnalysis.SuppressMessage("Security", "CA5350", Justification = "The API defines SHA-1; a secret is part of what is hashed.")]
    private static byte[] Hash(string text) => SHA1.HashData(Encoding.UTF8.GetBytes(text));

    private async Task<HttpRequestMessage> MakeAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken)
    {
        var lead = _clockLead ??= await ReadClockLeadAsync(cancellationToken);
        var url = $"{_root}{path}";
        var timestamp = _time.GetUtcNow().ToUnixTimeSeconds() + lead;
        var request = new HttpRequestMessage(method, url);
        request.Headers.Add("X-Ovh-Application", _settings.ApplicationKey);
        request.Headers.Add("X-Ovh-Consumer", _settings.ConsumerKey);
        request.Headers.Add("X-Ovh-Timestamp", timestamp.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("X-Ovh-Signature", Sign(_settings.ApplicationSecret, _settings.ConsumerKey, method.Method, url, body ?? "", timestamp));
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body));
            request.Content.Headers.ContentType = new("application/json");
        }

        return request;
    }

    private async Task<long> ReadClockLeadAsync(CancellationToken cancellationToken)
    {
        var answer = await _service.SendAsync(
            () => Task.FromResult(new HttpRequestMessage(HttpMethod.Get, $"{_root}/auth/time")), cancellationToken);
        return answer.IsSuccess && long.TryParse(answer.Text, NumberStyles.Integer, CultureInfo.InvariantCulture, out var seconds)
            ? seconds - _time.GetUtcNow().ToUnixTimeSeconds()
            : throw _service.Unreadable(answer);
    }

    private static Exception Failure(ServiceResponse answer, OvhRefusal refusal)
    {
        var status = (int)answer.Status;
        return status switch
        {
            _ when status is 401 or 403 || refusal.Code == "INVALID_SIGNATURE" => new PermanentFailureException(
                $"{Service} refuses our keys ({refusal.Words}): correct Dns__Ovh__ApplicationKey, Dns__Ovh__ApplicationSecret and Dns__Ovh__ConsumerKey, "
                + "or grant them GET, POST and DELETE on /domain/zone/* (to buy domains, also on /order/cart* and /me/order*, and GET on /domain/*)."),
            460 => new PermanentFailureException($"{Service} says that the service has expired: renew it there."),
            400 or 409 or 422 => new PermanentFailureException($"{Service} refuses the change: {refusal.Words}."),
            _ => new TransientFailureException($"{Service} answered {status}: {refusal.Words}."),
        };
    }
}

/// <summary>What the API said instead of doing it.</summary>
/// <param name="IsOfTheApi">False if what stands before the API has answered.</param>
internal sealed record OvhRefusal(bool IsOfTheApi, string? Code, string Message, string? QueryId)
{
    public bool IsClockSkew =>
        Message.Contains("timestamp", StringComparison.OrdinalIgnoreCase) || Message.Contains("out of time", StringComparison.OrdinalIgnoreCase);

    public string Words => $"{(Code is null ? "" : $"{Code}, ")}{Message.TrimEnd('.')}{(QueryId is null ? "" : $" (query {QueryId})")}";

    public static OvhRefusal Read(ServiceResponse answer)
    {
        var query = answer.Headers.TryGetValues("X-OVH-QUERYID", out var ids) ? ids.FirstOrDefault() : null;
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            if (document.RootElement.TryGetProperty("message", out var message))
            {
                var code = document.RootElement.TryGetProperty("errorCode", out var given) ? given.GetString() : null;
                return new OvhRefusal(true, code, message.GetString() ?? "", query);
            }
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            // An HTML page, as it comes with some errors.
        }

        return new OvhRefusal(false, null, "no reason that can be read", query);
    }
}
