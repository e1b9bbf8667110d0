using System.Net;
using System.Net.Sockets;

namespace Bibind.Activities.Dns;

/// <summary>What a tenant's name points at: addresses, or another name.</summary>
internal sealed record DnsTarget(IReadOnlyList<IPAddress> Addresses, string? Name)
{
    /// <summary>Reads addresses separated by commas, or one name; null if it is neither.</summary>
    public static DnsTarget? TryParse(string text)
    {
        var parts = text.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var addresses = parts.Select(p => IPAddress.TryParse(p.Trim('[', ']'), out var address) ? address : null).ToList();
        if (addresses.Count > 0 && addresses.TrueForAll(a => a is not null))
        {
            return new DnsTarget([.. addresses.Select(a => a!).Distinct()], null);
        }

        var name = text.Trim().TrimEnd('.');
        return parts.Length == 1 && name.Contains('.', StringComparison.Ordinal) && Uri.CheckHostName(name) == UriHostNameType.Dns
            ? new DnsTarget([], name.ToLowerInvariant())
            : null;
    }

    /// <summary>The record sets that make a name point here.</summary>
    public IReadOnlyList<RecordSet> At(string host, int ttl, OwnershipLabel mark)
    {
        if (Name is not null)
        {
            return [new RecordSet(host, "CNAME", [Name]) { Ttl = ttl, Mark = mark }];
        }

        return
        [
            .. Addresses.GroupBy(a => a.AddressFamily == AddressFamily.InterNetworkV6 ? "AAAA" : "A")
                .Select(family => new RecordSet(host, family.Key, [.. family.Select(a => a.ToString())]) { Ttl = ttl, Mark = mark }),
        ];
    }
}
