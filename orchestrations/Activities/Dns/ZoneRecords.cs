using Bibind.Activities.Locks;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns;

/// <summary>
/// Keeps our records in a zone, whoever hosts it: looks, changes what is ours, and asks the authoritative servers. A name
/// is worked on by one at a time, so that no change of ours undoes another.
/// </summary>
internal sealed class ZoneRecords(
    IZoneProvider provider, AuthoritativeServers authoritative, NamedLocks locks, IServerDirectory servers, IOptions<DnsOptions> options,
    ILogger<ZoneRecords> logger) : IDnsProvider, IDnsChallenges, IHostReadiness
{
    private const string ChallengeResource = "acme-challenge";
    private const int Attempts = 5;
    private static readonly string[] Pointers = ["A", "AAAA", "CNAME"];
    private static readonly string[] Texts = ["TXT"];
    private readonly DnsOptions _options = options.Value;

    private OwnershipLabel ChallengeMark => new(_options.Owner, ChallengeResource);

    /// <inheritdoc/>
    public async Task CreateAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        RequireInZone(place.Host);
        var wanted = (await TargetOfAsync(place, cancellationToken)).At(place.Host, _options.Ttl, MarkOf(place));
        await ChangeAsync(place.Host, Pointers, present => ChangesFor(wanted, present), cancellationToken);
        foreach (var set in wanted)
        {
            await authoritative.WaitUntilAsync(set, answered => set.HasValuesOf(answered), cancellationToken);
        }
    }

    /// <inheritdoc/>
    public Task DeleteAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var mark = MarkOf(place);
        return !IsInZone(place.Host)
            ? Task.CompletedTask
            : ChangeAsync(
                place.Host, Pointers,
                present =>
                {
                    foreach (var foreign in present.Where(s => s.Mark != mark && Pointers.Contains(s.Type)))
                    {
                        logger.ForeignRecordLeft(foreign.Type, foreign.Name, foreign.Whose(_options.Owner));
                    }

                    return [.. present.Where(s => s.Mark == mark).Select(s => new RecordSetChange(s, null))];
                },
                cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<bool> ExistsAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var mark = MarkOf(place);
        return IsInZone(place.Host) && (await provider.ReadAsync(place.Host, Pointers, cancellationToken)).Any(s => s.Mark == mark);
    }

    /// <inheritdoc/>
    public async Task PresentAsync(string fqdn, string value, CancellationToken cancellationToken)
    {
        RequireInZone(fqdn);
        var mark = ChallengeMark;
        await ChangeAsync(
            fqdn, Texts,
            present =>
            {
                if (present.FirstOrDefault(s => s.Values.Count > 0 && s.Mark != mark && s.Type is "TXT" or "CNAME") is { } foreign)
                {
                    throw Foreign(foreign);
                }

                var before = present.FirstOrDefault(s => s.Type == "TXT");
                return before?.Values.Contains(value) ?? false
                    ? []
                    : [new RecordSetChange(before, new RecordSet(fqdn, "TXT", [.. before?.Values ?? [], value]) { Ttl = 60, Mark = mark })];
            },
            cancellationToken);
        await authoritative.WaitUntilAsync(
            new RecordSet(fqdn, "TXT", [value]), answered => answered.Values.Contains(value), cancellationToken);
    }

    /// <inheritdoc/>
    public Task RemoveAsync(string fqdn, string value, CancellationToken cancellationToken)
    {
        var mark = ChallengeMark;
        return ChangeAsync(
            fqdn, Texts,
            present =>
            {
                var before = present.FirstOrDefault(s => s.Type == "TXT" && s.Mark == mark);
                if (before is null || (before.Values.Count > 0 && !before.Values.Contains(value)))
                {
                    return [];
                }

                List<string> left = [.. before.Values.Where(v => v != value)];
                return [new RecordSetChange(before, left.Count == 0 ? null : before with { Values = left })];
            },
            cancellationToken);
    }

    /// <inheritdoc/>
    public Task ClearAsync(string fqdn, CancellationToken cancellationToken) => !IsInZone(fqdn)
        ? Task.CompletedTask
        : ChangeAsync(
            fqdn, Texts, present => [.. present.Where(s => s.Type == "TXT" && s.Mark == ChallengeMark).Select(s => new RecordSetChange(s, null))], cancellationToken);

    /// <inheritdoc/>
    public async Task<bool> IsPresentedAsync(string fqdn, CancellationToken cancellationToken) =>
        IsInZone(fqdn) && (await provider.ReadAsync(fqdn, Texts, cancellationToken)).Any(s => s.Type == "TXT" && s.Mark == ChallengeMark);

    /// <inheritdoc/>
    public bool IsInZone(string host) =>
        host == _options.Zone || host.EndsWith($".{_options.Zone}", StringComparison.Ordinal);

    /// <inheritdoc/>
    public Task WaitUntilPointsAsync(string host, CancellationToken cancellationToken)
    {
        var hasOnlyV6 = DnsTarget.TryParse(_options.Target) is { Name: null } target && target.At(host, 0, new OwnershipLabel("", "")).All(s => s.Type == "AAAA");
        return IsInZone(host)
            ? authoritative.WaitUntilAsync(
                new RecordSet(host, hasOnlyV6 ? "AAAA" : "A", ["any address"]), answered => answered.Values.Count > 0, cancellationToken)
            : Task.CompletedTask;
    }

    private async Task ChangeAsync(
        string name, string[] ours, Func<IReadOnlyList<RecordSet>, IReadOnlyList<RecordSetChange>> decide, CancellationToken cancellationToken) =>
        await locks.RunAsync(
            NamedLocks.Dns, provider.LockOf(name),
            async () =>
            {
                for (var attempt = 1; ; attempt++)
                {
                    try
                    {
                        var changes = decide(await provider.ReadAsync(name, ours, cancellationToken));
                        if (changes.Count > 0)
                        {
                            await LeaseFence.EnsureHeldAsync();
                            await provider.ChangeAsync(changes, cancellationToken);
                            logger.RecordsChanged(name, string.Join(", ", changes.Select(c => $"{(c.After is null ? "deleted" : "set")} {c.Type}")));
                        }

                        return true;
                    }
                    catch (ZoneChangedException changed) when (attempt >= Attempts)
                    {
                        throw new TransientFailureException(changed.Message);
                    }
                    catch (ZoneChangedException)
                    {
                        // Somebody else was faster, maybe with a record that we must respect: look again.
                    }
                }
            },
            cancellationToken);

    private List<RecordSetChange> ChangesFor(IReadOnlyList<RecordSet> wanted, IReadOnlyList<RecordSet> present)
    {
        var mark = wanted[0].Mark!;
        var isAlias = wanted.Any(w => w.Type == "CNAME");
        if (present.FirstOrDefault(s => s.Values.Count > 0 && s.Mark != mark && (isAlias || Pointers.Contains(s.Type))) is { } foreign)
        {
            throw Foreign(foreign);
        }

        // A target that was an address and is a name now leaves records of another type, which have to go with the change.
        var obsolete = present.Where(s => s.Mark == mark && wanted.All(w => w.Type != s.Type)).Select(s => new RecordSetChange(s, null));
        var changed = wanted
            .Select(w => new RecordSetChange(present.FirstOrDefault(s => s.Type == w.Type), w))
            .Where(c => c.Before is null || c.Before.Mark != mark || !c.Before.HasValuesOf(c.After!));
        return [.. obsolete, .. changed];
    }

    private PermanentFailureException Foreign(RecordSet set) => new(
        $"The DNS zone {_options.Zone} has {set.Type} {string.Join(", ", set.Values)} at {set.Name} already, and it is not ours to change: "
        + $"{set.Whose(_options.Owner)}. Delete it at the DNS provider, or use another name.");

    private OwnershipLabel MarkOf(TenantDescriptor place) => new(_options.Owner, $"tenant/{place.TenantId}");

    private async Task<DnsTarget> TargetOfAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        if (_options.Target.Length > 0)
        {
            return DnsTarget.TryParse(_options.Target)!;
        }

        var address = (await servers.GetConnectionAsync(place.ServerId, cancellationToken)).Url.Host;
        return DnsTarget.TryParse(address) ?? throw new PermanentFailureException(
            $"Server {place.ServerCode} has the address '{address}', which no DNS record can point at: set Dns__Target to the addresses of the reverse proxy.");
    }

    private void RequireInZone(string name)
    {
        if (!IsInZone(name))
        {
            throw new PermanentFailureException($"{name} is not in the DNS zone {_options.Zone} that we keep (Dns__Zone).");
        }
    }
}
