using System.Net;
using System.Net.Sockets;
using Bibind.Activities.Dns;
using Bibind.Activities.Dns.Query;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains;

/// <summary>A DNS record that a customer has to set.</summary>
/// <param name="Type">Such as <c>CNAME</c>.</param>
/// <param name="Name">Without the dot at the end.</param>
/// <param name="Value">Without quotes.</param>
public sealed record WantedRecord(string Type, string Name, string Value);

/// <summary>What a customer has to do for a name to lead here.</summary>
/// <param name="Proof">Needed always.</param>
/// <param name="Alias">The better way to lead here; not possible where the name is the zone's own.</param>
/// <param name="Addresses">The other way: all of them instead of the alias; empty where our addresses may change.</param>
/// <param name="Note">The same in words.</param>
public sealed record DomainInstructions(WantedRecord Proof, WantedRecord Alias, IReadOnlyList<WantedRecord> Addresses, string Note);

/// <summary>Knows which records make a name lead here, and whether they are there.</summary>
public sealed class DomainRecords
{
    private const string ProofLabel = "_bibind";
    private readonly NameResolver _resolver;
    private readonly DnsOptions _dns;

    internal DomainRecords(NameResolver resolver, IOptions<DnsOptions> dns) => (_resolver, _dns) = (resolver, dns.Value);

    /// <summary>What has to be set.</summary>
    /// <param name="name">The customer's name.</param>
    /// <param name="proof">The value of the proof.</param>
    /// <param name="platformHost">The tenant's name at the platform.</param>
    public DomainInstructions Instruct(string name, string proof, string platformHost)
    {
        var addresses = (DnsTarget.TryParse(_dns.Target)?.Addresses ?? [])
            .Select(a => new WantedRecord(a.AddressFamily == AddressFamily.InterNetworkV6 ? "AAAA" : "A", name, a.ToString()))
            .ToList();
        var either = addresses.Count == 0 ? "the CNAME" : "either the CNAME or, where the name is the zone's own and cannot have one, every A and AAAA";
        return new DomainInstructions(
            new WantedRecord("TXT", ProofNameOf(name), proof), new WantedRecord("CNAME", name, platformHost), addresses,
            $"Set the TXT record and {either}. The TXT record may be deleted when the domain is active; other addresses must not stand at the name.");
    }

    /// <summary>What is missing for the name to lead here, in words; null if nothing is.</summary>
    public async Task<string?> FindFaultAsync(string name, string proof, string platformHost, CancellationToken cancellationToken)
    {
        try
        {
            var texts = await _resolver.TextsAsync(ProofNameOf(name), cancellationToken);
            var addresses = await _resolver.AddressesAsync(name, cancellationToken);
            string?[] faults =
            [
                texts.Contains(proof) ? null
                    : texts.Count == 0 ? $"There is no TXT record at {ProofNameOf(name)}."
                    : $"The TXT record at {ProofNameOf(name)} is not '{proof}'.",
                addresses.Count == 0 ? $"{name} has no address." : FindStray(name, addresses, await OursAsync(platformHost, cancellationToken)),
            ];
            return faults.All(f => f is null) ? null : string.Join(' ', faults.Where(f => f is not null));
        }
        catch (DnsUnansweredException silent)
        {
            return $"{name} cannot be resolved now: {silent.Message}";
        }
    }

    /// <summary>The addresses that a name of ours has to have.</summary>
    internal async Task<IReadOnlyList<IPAddress>> OursAsync(string platformHost, CancellationToken cancellationToken) =>
        DnsTarget.TryParse(_dns.Target) is { Addresses.Count: > 0 } target ? target.Addresses : await _resolver.AddressesAsync(platformHost, cancellationToken);

    // All of them: an authority, like a visitor, takes whichever comes first.
    private static string? FindStray(string name, IReadOnlyList<IPAddress> addresses, IReadOnlyList<IPAddress> ours) =>
        addresses.Except(ours).ToList() is { Count: > 0 } stray
            ? $"{name} has the address {string.Join(", ", stray)}, which is not ours ({string.Join(", ", ours)})."
            : null;

    internal static string ProofNameOf(string name) => $"{ProofLabel}.{name}";
}
