using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns.Route53;

/// <summary>
/// A zone at Route 53. A change is one batch, all or nothing, with the TXT records that are our marks; it deletes exactly
/// what was read, so that what somebody changed since is never overwritten.
/// </summary>
internal sealed partial class Route53DnsProvider(IServiceProvider services, IOptions<DnsOptions> options, TimeProvider time) : IZoneProvider
{
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);
    private readonly Route53Api _api = ActivatorUtilities.CreateInstance<Route53Api>(services);
    private readonly DnsOptions _options = options.Value;
    private string? _zoneId = options.Value.Route53.HostedZoneId is { Length: > 0 } id ? id : null;

    /// <inheritdoc/>
    public string LockOf(string name) => name;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordSet>> ReadAsync(string name, IReadOnlyList<string> ours, CancellationToken cancellationToken)
    {
        var sets = (await ListAsync(name, cancellationToken)).ToDictionary(s => s.Type);
        foreach (var type in ours)
        {
            var companion = (await ListAsync(OwnershipLabel.CompanionOf(name, type, _options.Zone), cancellationToken)).FirstOrDefault(s => s.Type == "TXT");
            if (companion?.Values.Select(OwnershipLabel.TryParse).FirstOrDefault(m => m is not null) is { } mark)
            {
                sets[type] = (sets.GetValueOrDefault(type) ?? new RecordSet(name, type, [])) with { Mark = mark };
            }
        }

        return [.. sets.Values];
    }

    /// <inheritdoc/>
    public async Task ChangeAsync(IReadOnlyList<RecordSetChange> changes, CancellationToken cancellationToken)
    {
        var batch = new List<XElement>();
        foreach (var change in changes)
        {
            var companion = OwnershipLabel.CompanionOf(change.Name, change.Type, _options.Zone);
            if (change.Before is { Values.Count: > 0 } before)
            {
                batch.Add(Change("DELETE", before));
            }

            if (change.Before?.Mark is not null && change.Before.Mark != change.After?.Mark)
            {
                // It is deleted as it is, which may be with another time to live.
                batch.AddRange((await ListAsync(companion, cancellationToken)).Where(s => s.Type == "TXT").Select(s => Change("DELETE", s)));
            }

            if (change.After is { } after)
            {
                batch.Add(Change("CREATE", after));
                if (change.Before?.Mark != after.Mark)
                {
                    batch.Add(Change("CREATE", new RecordSet(companion, "TXT", [after.Mark!.Text]) { Ttl = after.Ttl }));
                }
            }
        }

        var zone = await ZoneAsync(cancellationToken);
        var answer = await _api.PostAsync(
            $"/hostedzone/{zone}/rrset",
            new XElement(
                Route53Api.Names + "ChangeResourceRecordSetsRequest",
                new XElement(
                    Route53Api.Names + "ChangeBatch",
                    // Deletions first: a CNAME cannot stand beside what it takes the place of.
                    new XElement(Route53Api.Names + "Changes", batch.OrderBy(c => c.Element(Route53Api.Names + "Action")!.Value == "CREATE")))),
            cancellationToken);
        await InSyncAsync(answer, cancellationToken);
    }

    // Its servers are many behind each address; only this says that all of them have the change.
    private async Task InSyncAsync(XElement answer, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        while (Value(answer, "Status") != "INSYNC")
        {
            if (time.GetElapsedTime(began) > _options.VerifyLimit)
            {
                throw new TransientFailureException($"Route 53 has not brought the change to its servers within {_options.VerifyLimit.TotalSeconds:0.#} s.");
            }

            await Task.Delay(Pause, time, cancellationToken);
            answer = await _api.GetAsync($"/change/{LastSegment(Value(answer, "Id"))}", cancellationToken);
        }
    }

    private async Task<List<RecordSet>> ListAsync(string name, CancellationToken cancellationToken)
    {
        var zone = await ZoneAsync(cancellationToken);
        var answer = await _api.GetAsync($"/hostedzone/{zone}/rrset?maxitems=100&name={Uri.EscapeDataString($"{name}.")}", cancellationToken);

        // The answer starts at the name and goes on behind it.
        return
        [
            .. answer.Descendants(Route53Api.Names + "ResourceRecordSet")
                .Where(s => NameOf(s) == name)
                .Select(s => Read(name, s)),
        ];
    }

    private async Task<string> ZoneAsync(CancellationToken cancellationToken)
    {
        if (_zoneId is { } known)
        {
            return known;
        }

        var answer = await _api.GetAsync($"/hostedzonesbyname?dnsname={Uri.EscapeDataString($"{_options.Zone}.")}&maxitems=10", cancellationToken);
        var zones = answer.Descendants(Route53Api.Names + "HostedZone")
            .Where(z => NameOf(z) == _options.Zone && z.Descendants(Route53Api.Names + "PrivateZone").All(p => p.Value != "true"))
            .ToList();
        return zones.Count switch
        {
            1 => _zoneId = LastSegment(Value(zones[0], "Id")),
            0 => throw new PermanentFailureException($"Route 53 has no public zone {_options.Zone}: create it there, or correct Dns__Zone."),
            _ => throw new PermanentFailureException($"Route 53 has {zones.Count} zones {_options.Zone}: say which by Dns__Route53__HostedZoneId."),
        };
    }

    private static RecordSet Read(string name, XElement set)
    {
        var type = Value(set, "Type");
        var alias = set.Element(Route53Api.Names + "AliasTarget");
        return new RecordSet(
            name, type,
            alias is not null
                ? [$"alias of {Value(alias, "DNSName")}"]
                : [.. set.Descendants(Route53Api.Names + "Value").Select(v => ReadValue(type, v.Value))])
        {
            Ttl = int.TryParse(set.Element(Route53Api.Names + "TTL")?.Value, CultureInfo.InvariantCulture, out var ttl) ? ttl : 0,
            Note = alias is not null ? "it is an alias of Route 53's own" : null,
        };
    }

    private static XElement Change(string action, RecordSet set) => new(
        Route53Api.Names + "Change",
        new XElement(Route53Api.Names + "Action", action),
        new XElement(
            Route53Api.Names + "ResourceRecordSet",
            new XElement(Route53Api.Names + "Name", $"{set.Name}."),
            new XElement(Route53Api.Names + "Type", set.Type),
            new XElement(Route53Api.Names + "TTL", set.Ttl),
            new XElement(
                Route53Api.Names + "ResourceRecords",
                set.Values.Select(v => new XElement(Route53Api.Names + "ResourceRecord", new XElement(Route53Api.Names + "Value", WriteValue(set.Type, v)))))));

    private static string ReadValue(string type, string value) => type switch
    {
        "TXT" => QuotedText.Unquote(value),
        "CNAME" => value.TrimEnd('.').ToLowerInvariant(),
        _ => value,
    };

    private static string WriteValue(string type, string value) => type switch
    {
        "TXT" => QuotedText.Quote(value),
        "CNAME" => $"{value}.",
        _ => value,
    };

    // It writes what is no letter, digit, '-' or '_' as \ooo, an asterisk for one.
    private static string NameOf(XElement element) =>
        Octal().Replace(Value(element, "Name"), m => ((char)Convert.ToInt32(m.Groups[1].Value, 8)).ToString()).TrimEnd('.').ToLowerInvariant();

    private static string Value(XElement element, string name) =>
        element.Descendants(Route53Api.Names + name).FirstOrDefault()?.Value
        ?? throw new TransientFailureException($"Route 53 answered a document without {name}.");

    private static string LastSegment(string id) => id[(id.LastIndexOf('/') + 1)..];

    [GeneratedRegex(@"\\([0-7]{3})")]
    private static partial Regex Octal();
}
