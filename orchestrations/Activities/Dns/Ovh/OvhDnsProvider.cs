using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns.Ovh;

/// <summary>
/// A zone at OVH. Each value is a record of its own and there are no transactions: our mark, a TXT record beside the
/// records, comes first and goes last, so that a record of ours is never without it.
/// </summary>
internal sealed class OvhDnsProvider(IServiceProvider services, IOptions<DnsOptions> options) : IZoneProvider
{
    private readonly OvhApi _api = ActivatorUtilities.CreateInstance<OvhApi>(services);
    private readonly string _zone = options.Value.Zone;
    private readonly string _path = $"/domain/zone/{options.Value.Zone}";

    /// <inheritdoc/>
    public string LockOf(string name) => name;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RecordSet>> ReadAsync(string name, IReadOnlyList<string> ours, CancellationToken cancellationToken)
    {
        var records = await ListAsync(SubDomainOf(name), null, cancellationToken);
        var sets = new List<RecordSet>();
        foreach (var type in records.Select(r => r.Type).Union(ours))
        {
            var values = records.Where(r => r.Type == type).ToList();
            var marks = ours.Contains(type) ? await MarksAsync(name, type, cancellationToken) : [];
            if (values.Count > 0 || marks.Count > 0)
            {
                sets.Add(new RecordSet(name, type, [.. values.Select(v => v.Target).Distinct()])
                {
                    Ttl = values.FirstOrDefault()?.Ttl ?? 0,
                    Mark = marks.Select(m => OwnershipLabel.TryParse(m.Target)).FirstOrDefault(),
                });
            }
        }

        return sets;
    }

    /// <inheritdoc/>
    public async Task ChangeAsync(IReadOnlyList<RecordSetChange> changes, CancellationToken cancellationToken)
    {
        // Deletions first: a CNAME cannot stand beside what it takes the place of.
        foreach (var change in changes.OrderBy(c => c.After is not null))
        {
            var subDomain = SubDomainOf(change.Name);
            if (change.After is { } after)
            {
                await SetAsync(subDomain, change.Before, after, cancellationToken);
            }
            else
            {
                await DeleteAsync(await ListAsync(subDomain, change.Type, cancellationToken), cancellationToken);
                await DeleteAsync(await MarksAsync(change.Name, change.Type, cancellationToken), cancellationToken);
            }
        }

        // Until then nothing of it is served.
        await CallAsync(HttpMethod.Post, $"{_path}/refresh", null, cancellationToken);
    }

    private async Task SetAsync(string subDomain, RecordSet? before, RecordSet after, CancellationToken cancellationToken)
    {
        if (before?.Mark != after.Mark)
        {
            await AddAsync(CompanionOf(after.Name, after.Type), "TXT", after.Mark!.Text, after.Ttl, cancellationToken);
        }

        foreach (var value in after.Values.Where(v => before is null || !before.Values.Contains(v)))
        {
            await AddAsync(subDomain, after.Type, value, after.Ttl, cancellationToken);
        }

        if (before is not null && before.Values.Except(after.Values).Any())
        {
            var present = await ListAsync(subDomain, after.Type, cancellationToken);
            await DeleteAsync(present.Where(p => !after.Values.Contains(p.Target)), cancellationToken);
        }
    }

    private async Task<List<Record>> MarksAsync(string name, string type, CancellationToken cancellationToken)
    {
        var marks = await ListAsync(CompanionOf(name, type), "TXT", cancellationToken);
        return [.. marks.Where(m => OwnershipLabel.TryParse(m.Target) is not null)];
    }

    private async Task<List<Record>> ListAsync(string subDomain, string? type, CancellationToken cancellationToken)
    {
        var query = $"subDomain={Uri.EscapeDataString(subDomain)}{(type is null ? "" : $"&fieldType={type}")}";
        var ids = await CallAsync(HttpMethod.Get, $"{_path}/record?{query}", null, cancellationToken);
        var records = new List<Record>();
        foreach (var id in ids.EnumerateArray().Select(i => i.GetInt64()))
        {
            // One that was deleted since is none.
            if (await _api.CallAsync(HttpMethod.Get, RecordPath(id), null, cancellationToken) is { } record
                && record.GetProperty("subDomain").GetString() == subDomain)
            {
                var recordType = record.GetProperty("fieldType").GetString()!;
                records.Add(new Record(id, recordType, ReadTarget(recordType, record.GetProperty("target").GetString()!), record.GetProperty("ttl").GetInt32()));
            }
        }

        return records;
    }

    private async Task AddAsync(string subDomain, string type, string value, int ttl, CancellationToken cancellationToken)
    {
        var body = new JsonObject { ["fieldType"] = type, ["subDomain"] = subDomain, ["target"] = WriteTarget(type, value), ["ttl"] = ttl };
        await CallAsync(HttpMethod.Post, $"{_path}/record", body.ToJsonString(), cancellationToken);
    }

    private async Task DeleteAsync(IEnumerable<Record> records, CancellationToken cancellationToken)
    {
        foreach (var record in records)
        {
            await _api.CallAsync(HttpMethod.Delete, RecordPath(record.Id), null, cancellationToken);
        }
    }

    private async Task<JsonElement> CallAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken) =>
        await _api.CallAsync(method, path, body, cancellationToken)
        ?? throw new PermanentFailureException($"OVH has no zone {_zone}: create it there, or correct Dns__Zone.");

    private string RecordPath(long id) => string.Create(CultureInfo.InvariantCulture, $"{_path}/record/{id}");

    private string CompanionOf(string name, string type) => SubDomainOf(OwnershipLabel.CompanionOf(name, type, _zone));

    // The zone's own name is the empty sub-domain.
    private string SubDomainOf(string name) => name == _zone ? "" : name[..^(_zone.Length + 1)];

    private string ReadTarget(string type, string target) => type switch
    {
        "TXT" => QuotedText.Unquote(target),
        "CNAME" => target.EndsWith('.') ? target.TrimEnd('.').ToLowerInvariant() : $"{target}.{_zone}".ToLowerInvariant(),
        _ => target,
    };

    private static string WriteTarget(string type, string value) => type switch
    {
        "TXT" => QuotedText.Quote(value),
        "CNAME" => $"{value}.",
        _ => value,
    };

    private sealed record Record(long Id, string Type, string Target, int Ttl);
}
