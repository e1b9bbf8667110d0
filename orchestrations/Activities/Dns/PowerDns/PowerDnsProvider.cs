using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Services;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns.PowerDns;

/// <summary>A zone at a PowerDNS server, by its HTTP API; our mark is the comment of a record set, and a change is one transaction.</summary>
internal sealed class PowerDnsProvider : IZoneProvider
{
    private const string Service = "PowerDNS";
    private readonly ServiceClient _service;
    private readonly DnsOptions _options;
    private readonly TimeProvider _time;
    private readonly Uri _zone;
    private volatile string _key;

    public PowerDnsProvider(IHttpClientFactory clients, IOptions<DnsOptions> options, TimeProvider time)
    {
        _options = options.Value;
        _time = time;
        _key = _options.PowerDns.ApiKey;
        _service = new ServiceClient(clients.CreateClient(DnsOptions.HttpClientName), Service, _options.CallLimit, _options.Patience, time);
        _zone = new Uri($"{_options.PowerDns.Url.TrimEnd('/')}/api/v1/servers/localhost/zones/{_options.Zone}.");
    }

    /// <inheritdoc/>
    /// <remarks>A change takes milliseconds, and backends on SQLite answer 500 to one that meets another.</remarks>
    public string LockOf(string name) => _options.Zone;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordSet>> ReadAsync(string name, IReadOnlyList<string> ours, CancellationToken cancellationToken)
    {
        var address = new Uri($"{_zone}?rrsets=true&rrset_name={Uri.EscapeDataString($"{name}.")}");
        var answer = await SendAsync(key => Request(HttpMethod.Get, address, key), cancellationToken);
        ThrowIfRefused(answer);
        var zone = _service.ReadJson(answer);
        try
        {
            // Servers before 4.6 ignore the name and answer the whole zone.
            return [.. zone.GetProperty("rrsets").EnumerateArray().Select(Read).Where(s => s.Name == name)];
        }
        catch (Exception malformed) when (malformed is KeyNotFoundException or InvalidOperationException)
        {
            throw _service.Unreadable(answer);
        }
    }

    /// <inheritdoc/>
    public async Task ChangeAsync(IReadOnlyList<RecordSetChange> changes, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["rrsets"] = new JsonArray([.. changes.Select(Write)]) };
        var answer = await SendAsync(
            key =>
            {
                var request = Request(HttpMethod.Patch, _zone, key);
                request.Content = JsonContent.Create(body);
                return request;
            },
            cancellationToken);
        ThrowIfRefused(answer);
    }

    private RecordSet Read(JsonElement set)
    {
        var type = set.GetProperty("type").GetString()!;
        var comments = set.TryGetProperty("comments", out var list)
            ? list.EnumerateArray().Select(c => (Account: c.GetProperty("account").GetString(), Content: c.GetProperty("content").GetString()!)).ToList()
            : [];
        return new RecordSet(
            set.GetProperty("name").GetString()!.TrimEnd('.').ToLowerInvariant(),
            type,
            [.. set.GetProperty("records").EnumerateArray().Select(r => ReadValue(type, r.GetProperty("content").GetString()!))])
        {
            Ttl = set.GetProperty("ttl").GetInt32(),
            Mark = comments.Select(c => OwnershipLabel.TryParse(c.Content) is { } mark && mark.Owner == c.Account ? mark : null).FirstOrDefault(m => m is not null),
            Note = comments.Select(c => $"its comment is by '{c.Account}'").FirstOrDefault(),
        };
    }

    private JsonObject Write(RecordSetChange change)
    {
        var set = new JsonObject { ["name"] = $"{change.Name}.", ["type"] = change.Type };
        if (change.After is not { } after)
        {
            set["changetype"] = "DELETE";
            return set;
        }

        set["changetype"] = "REPLACE";
        set["ttl"] = after.Ttl;
        set["records"] = new JsonArray([.. after.Values.Select(v => new JsonObject { ["content"] = WriteValue(after.Type, v), ["disabled"] = false })]);
        set["comments"] = new JsonArray(new JsonObject
        {
            ["content"] = after.Mark!.Text,
            ["account"] = after.Mark.Owner,
            ["modified_at"] = _time.GetUtcNow().ToUnixTimeSeconds(),
        });
        return set;
    }

    private static string ReadValue(string type, string content) => type switch
    {
        "TXT" => QuotedText.Unquote(content),
        "CNAME" => content.TrimEnd('.').ToLowerInvariant(),
        _ => content,
    };

    private static string WriteValue(string type, string value) => type switch
    {
        "TXT" => QuotedText.Quote(value),
        "CNAME" => $"{value}.",
        _ => value,
    };

    // A server has one key. While it is changed there, either of ours may be the one; the one that works is kept for the next time.
    private async Task<ServiceResponse> SendAsync(Func<string, HttpRequestMessage> make, CancellationToken cancellationToken)
    {
        var key = _key;
        var answer = await _service.SendAsync(() => Task.FromResult(make(key)), cancellationToken);
        var other = key == _options.PowerDns.ApiKey ? _options.PowerDns.OtherApiKey : _options.PowerDns.ApiKey;
        if (!IsKeyRefused(answer) || other.Length == 0)
        {
            return answer;
        }

        var again = await _service.SendAsync(() => Task.FromResult(make(other)), cancellationToken);
        if (!IsKeyRefused(again))
        {
            _key = other;
        }

        return again;
    }

    private static bool IsKeyRefused(ServiceResponse answer) => answer.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden;

    private static HttpRequestMessage Request(HttpMethod method, Uri address, string key)
    {
        var request = new HttpRequestMessage(method, address);
        request.Headers.Add("X-API-Key", key);
        request.Headers.Add("Accept", "application/json");
        return request;
    }

    private void ThrowIfRefused(ServiceResponse answer)
    {
        if (answer.IsSuccess)
        {
            return;
        }

        var reason = Reason(answer);
        throw answer.Status switch
        {
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden =>
                new PermanentFailureException($"{Service} refuses our key: correct Dns__PowerDns__ApiKey."),
            HttpStatusCode.NotFound =>
                new PermanentFailureException($"{Service} has no zone {_options.Zone}: create it there, or correct Dns__Zone."),
            HttpStatusCode.UnprocessableEntity when reason.Contains("comments", StringComparison.OrdinalIgnoreCase) =>
                new PermanentFailureException($"The backend of {Service} keeps no comments, which our mark needs: use one that does, such as gpgsql or gsqlite3."),
            HttpStatusCode.BadRequest or HttpStatusCode.Conflict or HttpStatusCode.UnprocessableEntity =>
                new PermanentFailureException($"{Service} refuses the change: {reason}"),
            _ => (Exception)new TransientFailureException($"{Service} answered {(int)answer.Status}: {reason}"),
        };
    }

    private static string Reason(ServiceResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            if (document.RootElement is { ValueKind: JsonValueKind.Object } root
                && root.TryGetProperty("error", out var error) && error.ValueKind == JsonValueKind.String)
            {
                return error.GetString()!;
            }
        }
        catch (JsonException)
        {
            // What stands before the server has answered with a page of its own.
        }

        return "no reason that can be read.";
    }
}
