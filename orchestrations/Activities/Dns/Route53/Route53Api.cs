using System.Net;
using System.Text;
using System.Xml;
using System.Xml.Linq;
using Bibind.Activities.Services;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns.Route53;

/// <summary>Route 53's API: signed requests, XML both ways, two shapes of errors.</summary>
internal sealed class Route53Api
{
    /// <summary>The names of its documents.</summary>
    public static readonly XNamespace Names = "https://route53.amazonaws.com/doc/2013-04-01/";

    private const string Service = "Route 53";
    private const string Region = "us-east-1";
    private readonly ServiceClient _service;
    private readonly AwsCredentials _credentials;
    private readonly TimeProvider _time;
    private readonly string _root;

    public Route53Api(IHttpClientFactory clients, IOptions<DnsOptions> options, TimeProvider time)
    {
        var settings = options.Value.Route53;
        _credentials = new AwsCredentials(settings.AccessKeyId, settings.SecretAccessKey, settings.SessionToken);
        _time = time;
        _root = $"{settings.Url.TrimEnd('/')}/2013-04-01";
        _service = new ServiceClient(
            clients.CreateClient(DnsOptions.HttpClientName), Service, options.Value.CallLimit, options.Value.Patience, time);
    }

    public Task<XElement> GetAsync(string path, CancellationToken cancellationToken) => CallAsync(HttpMethod.Get, path, null, cancellationToken);

    /// <exception cref="ZoneChangedException">The batch does not fit the records that are there.</exception>
    public Task<XElement> PostAsync(string path, XElement document, CancellationToken cancellationToken) =>
        CallAsync(HttpMethod.Post, path, document, cancellationToken);

    private async Task<XElement> CallAsync(HttpMethod method, string path, XElement? document, CancellationToken cancellationToken)
    {
        var body = document is null ? [] : Encoding.UTF8.GetBytes($"<?xml version=\"1.0\" encoding=\"UTF-8\"?>{document.ToString(SaveOptions.DisableFormatting)}");
        var answer = await _service.SendAsync(
            () =>
            {
                var request = new HttpRequestMessage(method, $"{_root}{path}");
                if (body.Length > 0)
                {
                    request.Content = new ByteArrayContent(body);
                    request.Content.Headers.ContentType = new("application/xml");
                }

                AwsSignature.Sign(request, body, _credentials, Region, "route53", _time.GetUtcNow());
                return Task.FromResult(request);
            },
            cancellationToken,
            // They come with status 400, and there is no Retry-After.
            a => a.Status == HttpStatusCode.BadRequest && TryRead(a) is { } error && CodeOf(error) is "Throttling" or "PriorRequestNotComplete");
        return answer.IsSuccess ? TryRead(answer) ?? throw _service.Unreadable(answer) : throw Failure(answer);
    }

    private static Exception Failure(ServiceResponse answer)
    {
        var error = TryRead(answer);
        var code = error is null ? null : CodeOf(error);
        var words = error is null ? "no reason that can be read" : MessageOf(error);
        return (int)answer.Status switch
        {
            _ when error?.Name.LocalName == "InvalidChangeBatch" || code == "InvalidChangeBatch" => new ZoneChangedException($"{Service} refuses the change: {words}"),
            401 or 403 => new PermanentFailureException(
                $"{Service} refuses our keys ({code}: {words}): correct Dns__Route53__AccessKeyId and Dns__Route53__SecretAccessKey, or what they allow."),
            404 => new PermanentFailureException($"{Service} has no such zone ({code}: {words}): correct Dns__Zone or Dns__Route53__HostedZoneId."),
            400 => new PermanentFailureException($"{Service} refuses the request ({code}: {words})."),
            var status => new TransientFailureException($"{Service} answered {status}: {words}."),
        };
    }

    private static XElement? TryRead(ServiceResponse answer)
    {
        try
        {
            using var reader = XmlReader.Create(
                new MemoryStream(answer.Body), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }
    }

    private static string? CodeOf(XElement error) => error.Descendants().FirstOrDefault(e => e.Name.LocalName == "Code")?.Value;

    private static string MessageOf(XElement error) =>
        string.Join(" ", error.Descendants().Where(e => e.Name.LocalName == "Message" && !e.HasElements).Select(e => e.Value.Trim()));
}
