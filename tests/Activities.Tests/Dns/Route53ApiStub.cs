using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Xml.Linq;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local.RealServers;
using Microsoft.AspNetCore.Http;

namespace Bibind.Activities.Tests.Dns;

/// <summary>
/// Route 53's API for one zone, as its documentation describes it: it checks Signature Version 4, applies a batch whole or
/// not at all, and serves a change, by a real PowerDNS, from when it is asked for its status.
/// </summary>
internal sealed class Route53ApiStub : IAsyncDisposable
{
    public const string AccessKeyId = "AKIDEXAMPLE";
    public const string SecretAccessKey = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    private const string ZoneId = "Z0123456789ABC";
    private static readonly XNamespace Names = "https://route53.amazonaws.com/doc/2013-04-01/";

    private readonly PowerDnsServer _dns;
    private readonly string _zone;
    private readonly SortedDictionary<(string Name, string Type), XElement> _sets = [];
    private readonly HashSet<(string Name, string Type)> _served = [];
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private HttpStub? _http;

    private Route53ApiStub(PowerDnsServer dns, string zone) => (_dns, _zone) = (dns, zone);

    public string Url => _http!.Url.ToString().TrimEnd('/');

    public List<string> Calls { get; } = [];

    /// <summary>Answers instead of the API when it answers true.</summary>
    public Func<HttpContext, Task<bool>>? Fault { get; set; }

    /// <summary>Names and types of what is there.</summary>
    public IReadOnlyList<string> Sets => [.. _sets.Keys.Select(k => $"{k.Type} {k.Name}").Order(StringComparer.Ordinal)];

    public (string, string?)[] Settings =>
    [
        ("Dns:Provider", "route53"), ("Dns:Route53:Url", Url), ("Dns:Route53:AccessKeyId", AccessKeyId),
        ("Dns:Route53:SecretAccessKey", SecretAccessKey),
    ];

    public static async Task<Route53ApiStub> StartAsync(PowerDnsServer dns, string zone)
    {
        var stub = new Route53ApiStub(dns, zone);
        stub._http = await HttpStub.StartAsync(stub.AnswerAsync);
        return stub;
    }

    /// <summary>Adds a record as a person would in the console.</summary>
    public void Add(string type, string name, string value) => _sets[(name, type)] = new XElement(
        Names + "ResourceRecordSet", new XElement(Names + "Name", $"{name}."), new XElement(Names + "Type", type), new XElement(Names + "TTL", 60),
        new XElement(Names + "ResourceRecords", new XElement(Names + "ResourceRecord", new XElement(Names + "Value", value))));

    public static Task RefuseAsync(HttpContext http, int status, string code, string message) => WriteAsync(http, status, new XElement(
        Names + "ErrorResponse",
        new XElement(Names + "Error", new XElement(Names + "Type", "Sender"), new XElement(Names + "Code", code), new XElement(Names + "Message", message)),
        new XElement(Names + "RequestId", "b25f48e8-84fd-11e6-80d9-574e0c4664cb")));

    public async ValueTask DisposeAsync()
    {
        await _http!.DisposeAsync();
        _oneAtATime.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            using var buffer = new MemoryStream();
            await http.Request.Body.CopyToAsync(buffer);
            Calls.Add($"{http.Request.Method} {http.Request.Path}");
            if (Fault is not null && await Fault(http))
            {
                return;
            }

            if (!IsSigned(http.Request, buffer.ToArray(), "route53", out var code))
            {
                await RefuseAsync(http, 403, code, "The request signature we calculated does not match the signature you provided.");
                return;
            }

            await ServeAsync(http, buffer.ToArray());
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Whether a request carries a good Signature Version 4 for a service.</summary>
    public static bool IsSigned(HttpRequest request, byte[] body, string service, out string code)
    {
        var fields = request.Headers.Authorization.ToString()["AWS4-HMAC-SHA256 ".Length..]
            .Split(", ").Select(f => f.Split('=', 2)).ToDictionary(f => f[0], f => f[1]);
        var scope = fields["Credential"].Split('/');
        code = scope[0] == AccessKeyId ? "SignatureDoesNotMatch" : "InvalidClientTokenId";
        var date = request.Headers["X-Amz-Date"].ToString();
        var sent = DateTimeOffset.ParseExact(date, "yyyyMMdd'T'HHmmss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal);
        if (scope[0] != AccessKeyId || scope[2] != "us-east-1" || scope[3] != service || scope[1] != date[..8]
            || (DateTimeOffset.UtcNow - sent).Duration() > TimeSpan.FromMinutes(5))
        {
            return false;
        }

        var query = string.Join("&", request.Query.OrderBy(q => q.Key, StringComparer.Ordinal).Select(q => $"{Uri.EscapeDataString(q.Key)}={Uri.EscapeDataString(q.Value.ToString())}"));
        var headers = fields["SignedHeaders"].Split(';');
        var canonical = new StringBuilder($"{request.Method}\n{request.Path}\n{query}\n");
        foreach (var header in headers)
        {
            canonical.Append(CultureInfo.InvariantCulture, $"{header}:{request.Headers[header].ToString().Trim()}\n");
        }

        canonical.Append(CultureInfo.InvariantCulture, $"\n{fields["SignedHeaders"]}\n{Hex(SHA256.HashData(body))}");
        var key = new[] { scope[1], scope[2], scope[3], "aws4_request" }
            .Aggregate(Encoding.UTF8.GetBytes("AWS4" + SecretAccessKey), (k, part) => HMACSHA256.HashData(k, Encoding.UTF8.GetBytes(part)));
        var toSign = $"AWS4-HMAC-SHA256\n{date}\n{string.Join('/', scope[1..])}\n{Hex(SHA256.HashData(Encoding.UTF8.GetBytes(canonical.ToString())))}";
        return headers.Contains("host") && headers.Contains("x-amz-date")
            && fields["Signature"] == Hex(HMACSHA256.HashData(key, Encoding.UTF8.GetBytes(toSign)));
    }

    private async Task ServeAsync(HttpContext http, byte[] body)
    {
        switch (http.Request.Method, http.Request.Path.Value!["/2013-04-01".Length..])
        {
            case ("GET", "/hostedzonesbyname"):
                await WriteAsync(http, 200, new XElement(Names + "ListHostedZonesByNameResponse", new XElement(Names + "HostedZones",
                    Zone("ZPRIVATE", isPrivate: true), Zone(ZoneId, isPrivate: false))));
                break;
            case ("GET", $"/hostedzone/{ZoneId}/rrset"):
                var from = http.Request.Query["name"].ToString().TrimEnd('.');
                await WriteAsync(http, 200, new XElement(Names + "ListResourceRecordSetsResponse", new XElement(
                    Names + "ResourceRecordSets", _sets.Where(s => string.CompareOrdinal(s.Key.Name, from) >= 0).Select(s => s.Value))));
                break;
            case ("POST", $"/hostedzone/{ZoneId}/rrset"):
                await ApplyAsync(http, XElement.Parse(Encoding.UTF8.GetString(body)));
                break;
            case ("GET", "/change/C1"):
                await PublishAsync();
                await WriteAsync(http, 200, new XElement(Names + "GetChangeResponse", ChangeInfo("INSYNC")));
                break;
            default:
                await RefuseAsync(http, 404, "NoSuchHostedZone", "No hosted zone found with ID");
                break;
        }
    }

    private async Task ApplyAsync(HttpContext http, XElement request)
    {
        var after = new SortedDictionary<(string Name, string Type), XElement>(_sets);
        var problems = new List<string>();
        foreach (var change in request.Descendants(Names + "Change"))
        {
            var set = change.Element(Names + "ResourceRecordSet")!;
            var key = (Name: set.Element(Names + "Name")!.Value.TrimEnd('.'), Type: set.Element(Names + "Type")!.Value);
            var isDelete = change.Element(Names + "Action")!.Value == "DELETE";
            if (isDelete && !(after.TryGetValue(key, out var present) && Content(present) == Content(set)))
            {
                problems.Add($"Tried to delete resource record set [name='{key.Name}.', type='{key.Type}'] but it was not found, or its values differ");
            }
            else if (!isDelete && (after.ContainsKey(key) || after.Keys.Any(k => k.Name == key.Name && (k.Type == "CNAME") != (key.Type == "CNAME"))))
            {
                problems.Add($"Tried to create resource record set [name='{key.Name}.', type='{key.Type}'] but it already exists");
            }
            else if (isDelete)
            {
                after.Remove(key);
            }
            else
            {
                after[key] = set;
            }
        }

        if (problems.Count > 0)
        {
            await WriteAsync(http, 400, new XElement(
                Names + "InvalidChangeBatch", new XElement(Names + "Messages", problems.Select(p => new XElement(Names + "Message", p)))));
            return;
        }

        _sets.Clear();
        foreach (var (key, set) in after)
        {
            _sets[key] = set;
        }

        await WriteAsync(http, 200, new XElement(Names + "ChangeResourceRecordSetsResponse", ChangeInfo("PENDING")));
    }

    private async Task PublishAsync()
    {
        foreach (var gone in _served.Where(s => !_sets.ContainsKey(s)).ToList())
        {
            await _dns.DeleteAsync(_zone, gone.Name, gone.Type);
            _served.Remove(gone);
        }

        foreach (var (key, set) in _sets)
        {
            await _dns.SetAsync(_zone, key.Name, key.Type, [.. set.Descendants(Names + "Value").Select(v => v.Value)]);
            _served.Add(key);
        }
    }

    private XElement Zone(string id, bool isPrivate) => new(
        Names + "HostedZone", new XElement(Names + "Id", $"/hostedzone/{id}"), new XElement(Names + "Name", $"{_zone}."),
        new XElement(Names + "Config", new XElement(Names + "PrivateZone", isPrivate ? "true" : "false")));

    private static XElement ChangeInfo(string status) => new(
        Names + "ChangeInfo", new XElement(Names + "Id", "/change/C1"), new XElement(Names + "Status", status));

    private static string Content(XElement set) =>
        $"{set.Element(Names + "TTL")!.Value} {string.Join(' ', set.Descendants(Names + "Value").Select(v => v.Value).Order(StringComparer.Ordinal))}";

    private static async Task WriteAsync(HttpContext http, int status, XElement document)
    {
        (http.Response.StatusCode, http.Response.ContentType) = (status, "text/xml");
        await http.Response.WriteAsync($"<?xml version=\"1.0\"?>\n{document}");
    }

    private static string Hex(byte[] bytes) => Convert.ToHexString(bytes).ToLowerInvariant();
}
