using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Local.RealServers;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Extensions;

namespace Bibind.Activities.Tests.Dns;

/// <summary>
/// OVH's API for one zone, as its documentation describes it: it checks application, consumer, clock and signature, and
/// serves nothing before a refresh, which here puts the records into a real PowerDNS.
/// </summary>
internal sealed class OvhApiStub : IAsyncDisposable
{
    public const string ApplicationKey = "7kbG7Bk7S9Nt7ZSV";
    public const string ApplicationSecret = "EXEgWIz07P0HYwtQDs7cNIqCiQaWSuHF";
    public const string ConsumerKey = "MtSwSrPpNjqfVSmJhLbPyr2i45lSwPU1";
    private const int ClockLead = 4242;

    private readonly PowerDnsServer _dns;
    private readonly string _zone;
    private readonly Dictionary<long, JsonObject> _records = [];
    private readonly HashSet<(string Name, string Type)> _served = [];
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private HttpStub? _http;
    private long _lastId = 5_000_000_000;

    private OvhApiStub(PowerDnsServer dns, string zone) => (_dns, _zone) = (dns, zone);

    public string Url => $"{_http!.Url.ToString().TrimEnd('/')}/1.0";

    /// <summary>Every call but those for the time, such as <c>POST /domain/zone/example.com/record</c>.</summary>
    public List<string> Calls { get; } = [];

    /// <summary>Answers instead of the API when it answers true.</summary>
    public Func<HttpContext, Task<bool>>? Fault { get; set; }

    /// <summary>Serves what is not of the zone: answers true if it did.</summary>
    public Func<HttpContext, string, string, Task<bool>>? Besides { get; set; }

    public IReadOnlyList<string> Records =>
        [.. _records.Values.Select(r => $"{r["fieldType"]} {r["subDomain"]} {r["target"]}").Order(StringComparer.Ordinal)];

    public static async Task<OvhApiStub> StartAsync(PowerDnsServer dns, string zone)
    {
        var stub = new OvhApiStub(dns, zone);
        stub._http = await HttpStub.StartAsync(stub.AnswerAsync);
        return stub;
    }

    public (string, string?)[] Settings =>
    [
        ("Dns:Provider", "ovh"), ("Dns:Ovh:Url", Url), ("Dns:Ovh:ApplicationKey", ApplicationKey),
        ("Dns:Ovh:ApplicationSecret", ApplicationSecret), ("Dns:Ovh:ConsumerKey", ConsumerKey),
    ];

    /// <summary>Adds a record as a person would in the customer's console.</summary>
    public void Add(string type, string subDomain, string target)
    {
        var id = ++_lastId;
        _records[id] = new JsonObject { ["id"] = id, ["zone"] = _zone, ["fieldType"] = type, ["subDomain"] = subDomain, ["target"] = target, ["ttl"] = 60 };
    }

    public async ValueTask DisposeAsync()
    {
        await _http!.DisposeAsync();
        _oneAtATime.Dispose();
    }

    private static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds() + ClockLead;

    private async Task AnswerAsync(HttpContext http)
    {
        var path = http.Request.Path.Value!["/1.0".Length..];
        if (path == "/auth/time")
        {
            await http.Response.WriteAsync(Now.ToString(CultureInfo.InvariantCulture));
            return;
        }

        await _oneAtATime.WaitAsync();
        try
        {
            Calls.Add($"{http.Request.Method} {path}");
            using var reader = new StreamReader(http.Request.Body);
            var body = await reader.ReadToEndAsync();
            if (Fault is not null && await Fault(http))
            {
                return;
            }

            if (Refusal(http.Request, body) is { } refusal)
            {
                await RefuseAsync(http, refusal.Status, refusal.Code, refusal.Message);
                return;
            }

            if (Besides is null || !await Besides(http, path, body))
            {
                await ServeAsync(http, path, body);
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private static (int Status, string Code, string Message)? Refusal(HttpRequest request, string body)
    {
        var application = request.Headers["X-Ovh-Application"].ToString();
        var consumer = request.Headers["X-Ovh-Consumer"].ToString();
        var timestamp = request.Headers["X-Ovh-Timestamp"].ToString();
        if (application != ApplicationKey)
        {
            return (403, "INVALID_KEY", "This application key is invalid");
        }

        if (consumer != ConsumerKey)
        {
            return (403, "NOT_CREDENTIAL", "This credential does not exist");
        }

        if (!long.TryParse(timestamp, CultureInfo.InvariantCulture, out var seconds) || Math.Abs(seconds - Now) > 30)
        {
            return (400, "QUERY_TIME_OUT", "Query out of time");
        }

        var signed = $"{ApplicationSecret}+{ConsumerKey}+{request.Method}+{request.GetEncodedUrl()}+{body}+{timestamp}";
#pragma warning disable CA5350 // The API defines SHA-1.
        var expected = "$1$" + Convert.ToHexString(SHA1.HashData(Encoding.UTF8.GetBytes(signed))).ToLowerInvariant();
#pragma warning restore CA5350
        return request.Headers["X-Ovh-Signature"] == expected ? null : (400, "INVALID_SIGNATURE", "Invalid signature");
    }

    private async Task ServeAsync(HttpContext http, string path, string body)
    {
        var zone = $"/domain/zone/{_zone}";
        var query = http.Request.Query;
        switch (http.Request.Method, path)
        {
            case ("GET", _) when path == $"{zone}/record":
                var ids = _records.Where(r =>
                    (!query.ContainsKey("subDomain") || (string?)r.Value["subDomain"] == query["subDomain"])
                    && (!query.ContainsKey("fieldType") || (string?)r.Value["fieldType"] == query["fieldType"])).Select(r => r.Key);
                await http.Response.WriteAsJsonAsync(ids);
                break;
            case ("POST", _) when path == $"{zone}/record":
                var wanted = JsonNode.Parse(body)!.AsObject();
                if ((int)wanted["ttl"]! is > 0 and < 60)
                {
                    await RefuseAsync(http, 400, "Client::BadRequest", "TTL must be 0 or at least 60");
                    break;
                }

                var id = ++_lastId;
                wanted["id"] = id;
                wanted["zone"] = _zone;
                _records[id] = wanted;
                await http.Response.WriteAsJsonAsync(wanted);
                break;
            case ("POST", _) when path == $"{zone}/refresh":
                await PublishAsync();
                break;
            case (_, _) when path.StartsWith($"{zone}/record/", StringComparison.Ordinal)
                && _records.TryGetValue(long.Parse(path[(zone.Length + 8)..], CultureInfo.InvariantCulture), out var record):
                if (http.Request.Method == "DELETE")
                {
                    _records.Remove((long)record["id"]!);
                    await http.Response.WriteAsync("null");
                    break;
                }

                await http.Response.WriteAsJsonAsync(record);
                break;
            default:
                await RefuseAsync(http, 404, "Client::NotFound", path.StartsWith(zone, StringComparison.Ordinal)
                    ? "The requested object does not exist" : "This service does not exist");
                break;
        }
    }

    public static async Task RefuseAsync(HttpContext http, int status, string code, string message)
    {
        http.Response.StatusCode = status;
        http.Response.Headers["X-OVH-QUERYID"] = "EU.ext-1.0000.0000";
        http.Response.ContentType = "application/json";
        await http.Response.WriteAsync(JsonSerializer.Serialize(new Dictionary<string, string> { ["class"] = "Client", ["message"] = message, ["errorCode"] = code }));
    }

    private async Task PublishAsync()
    {
        var sets = _records.Values.ToLookup(r => (Name: Absolute((string)r["subDomain"]!), Type: (string)r["fieldType"]!), r => (string)r["target"]!);
        foreach (var gone in _served.Where(s => !sets.Contains(s)).ToList())
        {
            await _dns.DeleteAsync(_zone, gone.Name, gone.Type);
            _served.Remove(gone);
        }

        foreach (var set in sets)
        {
            await _dns.SetAsync(_zone, set.Key.Name, set.Key.Type, [.. set.Distinct()]);
            _served.Add(set.Key);
        }
    }

    private string Absolute(string subDomain) => subDomain.Length == 0 ? _zone : $"{subDomain}.{_zone}";
}
