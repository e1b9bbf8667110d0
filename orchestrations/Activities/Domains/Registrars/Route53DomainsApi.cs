using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Dns;
using Bibind.Activities.Services;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>The API refused a request for a reason that has a name.</summary>
internal sealed class Route53DomainsRefusal(string code, string words) : PermanentFailureException($"Route 53 Domains refuses the request ({code}: {words}).")
{
    public string Code => code;
}

/// <summary>The API of Route 53 Domains: signed requests, JSON both ways.</summary>
internal sealed class Route53DomainsApi
{
    private const string Service = "Route 53 Domains";

    // The API is there and nowhere else.
    private const string Region = "us-east-1";
    private readonly ServiceClient _service;
    private readonly AwsCredentials _credentials;
    private readonly TimeProvider _time;
    private readonly string _url;

    public Route53DomainsApi(IHttpClientFactory clients, IOptions<DnsOptions> dns, IOptions<RegistrarOptions> options, TimeProvider time)
    {
        var keys = dns.Value.Route53;
        _credentials = new AwsCredentials(keys.AccessKeyId, keys.SecretAccessKey, keys.SessionToken);
        _time = time;
        _url = $"{options.Value.Route53.Url.TrimEnd('/')}/";
        _service = new ServiceClient(clients.CreateClient(DnsOptions.HttpClientName), Service, dns.Value.CallLimit, dns.Value.Patience, time);
    }

    /// <exception cref="Route53DomainsRefusal">The request is refused.</exception>
    public async Task<JsonElement> CallAsync(string operation, JsonObject input, CancellationToken cancellationToken)
    {
        var body = Encoding.UTF8.GetBytes(input.ToJsonString());
        var answer = await _service.SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(HttpMethod.Post, _url) { Content = new ByteArrayContent(body) };
                request.Content.Headers.ContentType = new("application/x-amz-json-1.1");
                request.Headers.Add("X-Amz-Target", $"Route53Domains_v20140515.{operation}");
                AwsSignature.Sign(request, body, _credentials, Region, "route53domains", _time.GetUtcNow());
                return Task.FromResult(request);
            },
            cancellationToken,
            a => a.Status == HttpStatusCode.BadRequest && TryRead(a) is { Code: "ThrottlingException" or "Throttling" });
        return answer.IsSuccess ? _service.ReadJson(answer) : throw Failure(answer);
    }

    private static Exception Failure(ServiceResponse answer)
    {
        var error = TryRead(answer);
        return (int)answer.Status switch
        {
            400 when error?.Code is "UnrecognizedClientException" or "InvalidSignatureException" or "AccessDeniedException" or "IncompleteSignature" => Refused(error),
            401 or 403 => Refused(error),
            400 when error is not null => new Route53DomainsRefusal(error.Code, error.Message.TrimEnd('.')),
            var status => new TransientFailureException($"{Service} answered {status}: {error?.Message ?? "no reason that can be read"}."),
        };
    }

    private static PermanentFailureException Refused(ErrorBody? error) => new(
        $"{Service} refuses our keys ({error?.Code ?? "no reason that can be read"}): correct Dns__Route53__AccessKeyId and Dns__Route53__SecretAccessKey, "
        + "or let them use route53domains:*.");

    private static ErrorBody? TryRead(ServiceResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            var root = document.RootElement;
            var type = root.TryGetProperty("__type", out var given) ? given.GetString() ?? "" : "";
            var message = root.TryGetProperty("message", out var words) || root.TryGetProperty("Message", out words) ? words.GetString() ?? "" : "";

            // Some come with a name space before them.
            return type.Length == 0 ? null : new ErrorBody(type[(type.IndexOf('#', StringComparison.Ordinal) + 1)..], message);
        }
        catch (Exception unreadable) when (unreadable is JsonException or InvalidOperationException)
        {
            return null;
        }
    }

    private sealed record ErrorBody(string Code, string Message);
}
