using System.Net.Sockets;
using Bibind.Activities.Dns;
using Bibind.Activities.Dns.Ovh;
using Bibind.Activities.Dns.Route53;
using Bibind.Activities.Locks;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>The zone that came with a domain that was bought: sets in it what a customer would have to set by hand.</summary>
internal sealed class BoughtZone(
    IServiceProvider services, IDomainRegistrar registrar, IOptions<DnsOptions> dns, DomainRecords records, NamedLocks locks)
{
    private static readonly string[] Types = ["A", "AAAA", "CNAME", "TXT"];

    /// <summary>Sets proof and addresses; a record that is not ours is left.</summary>
    /// <returns>What could not be set, in words, or null.</returns>
    public async Task<string?> PointAsync(Domain domain, Tenant tenant, CancellationToken cancellationToken)
    {
        var zone = Open(domain.Name);
        var addresses = await records.OursAsync(tenant.Host, cancellationToken);
        var mark = new OwnershipLabel(dns.Value.Owner, $"tenant/{tenant.Id}");
        RecordSet[] pointers =
        [
            .. addresses.GroupBy(a => a.AddressFamily == AddressFamily.InterNetworkV6 ? "AAAA" : "A")
                .Select(g => Set(domain.Name, g.Key, [.. g.Select(a => a.ToString())], mark)),
        ];
        if (pointers.Length == 0)
        {
            throw new TransientFailureException($"{tenant.Host} has no address, so '{domain.Name}' cannot be given one.");
        }

        try
        {
            string?[] left =
            [
                await SetAsync(zone, [Set(DomainRecords.ProofNameOf(domain.Name), "TXT", [domain.Proof], mark)], cancellationToken),
                await SetAsync(zone, pointers, cancellationToken),
            ];
            return left.Any(l => l is not null) ? string.Join(' ', left.Where(l => l is not null)) : null;
        }
        catch (ZoneChangedException changed)
        {
            throw new TransientFailureException(changed.Message);
        }
        catch (PermanentFailureException missing)
        {
            // The zone may come later than the name.
            throw new TransientFailureException(missing.Message);
        }
    }

    private RecordSet Set(string name, string type, IReadOnlyList<string> values, OwnershipLabel mark) =>
        new(name, type, values) { Ttl = dns.Value.Ttl, Mark = mark };

    private Task<string?> SetAsync(IZoneProvider zone, RecordSet[] wanted, CancellationToken cancellationToken) => locks.RunAsync(
        NamedLocks.Dns, zone.LockOf(wanted[0].Name),
        async () =>
        {
            var isText = wanted[0].Type == "TXT";
            var present = await zone.ReadAsync(wanted[0].Name, Types, cancellationToken);
            var rivals = present.Where(p => p.Values.Count > 0 && (p.Type == "CNAME" || isText == (p.Type == "TXT")) && Types.Contains(p.Type)).ToList();
            if (rivals.FirstOrDefault(r => r.Mark != wanted[0].Mark) is { } foreign)
            {
                return $"{foreign.Type} {string.Join(", ", foreign.Values)} at {foreign.Name} is not ours to change: replace it by "
                    + $"{string.Join(" and ", wanted.Select(w => $"{w.Type} {string.Join(", ", w.Values)}"))} at the registrar.";
            }

            List<RecordSetChange> changes =
            [
                .. rivals.Where(r => wanted.All(w => w.Type != r.Type)).Select(r => new RecordSetChange(r, null)),
                .. wanted.Select(w => new RecordSetChange(present.FirstOrDefault(p => p.Type == w.Type), w))
                    .Where(c => c.Before is null || c.Before.Mark != c.After!.Mark || !c.Before.HasValuesOf(c.After)),
            ];
            if (changes.Count > 0)
            {
                await zone.ChangeAsync(changes, cancellationToken);
            }

            return (string?)null;
        },
        cancellationToken);

    private IZoneProvider Open(string zone)
    {
        var options = Options.Create(dns.Value.ForZone(zone));
        return registrar.Provider == RegistrarProviders.Ovh
            ? ActivatorUtilities.CreateInstance<OvhDnsProvider>(services, options)
            : ActivatorUtilities.CreateInstance<Route53DnsProvider>(services, options);
    }
}
