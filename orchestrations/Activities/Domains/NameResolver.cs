using System.Net;
using System.Net.NetworkInformation;
using Bibind.Activities.Dns.Query;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains;

/// <summary>Resolves names as others do, by servers that ask the whole way for us.</summary>
internal sealed class NameResolver(IOptions<DomainOptions> options)
{
    private const int DnsPort = 53;
    private const int LongestChain = 8;

    /// <summary>Every address of a name, whatever number of aliases lies between.</summary>
    /// <exception cref="DnsUnansweredException">No resolver answers.</exception>
    public async Task<IReadOnlyList<IPAddress>> AddressesAsync(string name, CancellationToken cancellationToken) =>
    [
        .. await FollowAsync(name, QueryType.A, cancellationToken),
        .. await FollowAsync(name, QueryType.AAAA, cancellationToken),
    ];

    /// <summary>The TXT values of a name.</summary>
    /// <inheritdoc cref="AddressesAsync" path="/exception"/>
    public async Task<IReadOnlyList<string>> TextsAsync(string name, CancellationToken cancellationToken) =>
        [.. (await AskAsync(name, QueryType.TXT, cancellationToken)).Answers.TxtRecords().Select(r => r.Value())];

    private async Task<IReadOnlyList<IPAddress>> FollowAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        for (var hop = 0; hop < LongestChain; hop++)
        {
            var answer = await AskAsync(name, type, cancellationToken);
            if (answer.Answers.AddressRecords().Where(r => r.RecordType == (ResourceRecordType)type).Select(r => r.Address).ToList() is { Count: > 0 } addresses)
            {
                return addresses;
            }

            // Most resolvers answer the whole chain; one that knows only a part of it answers the next name.
            if (answer.Answers.CnameRecords().LastOrDefault() is not { } alias)
            {
                return [];
            }

            name = alias.Value();
        }

        return [];
    }

    private async Task<IDnsQueryResponse> AskAsync(string name, QueryType type, CancellationToken cancellationToken)
    {
        DnsUnansweredException? silent = null;
        foreach (var resolver in Resolvers())
        {
            try
            {
                var answer = await DnsQueryClient.AskAsync(resolver, name, type, cancellationToken, recursionDesired: true);
                if (answer.Header.ResponseCode is DnsHeaderResponseCode.NoError or DnsHeaderResponseCode.NotExistentDomain)
                {
                    return answer;
                }

                silent = new DnsUnansweredException($"The DNS server {resolver} cannot resolve {name}: {answer.Words()}.");
            }
            catch (DnsUnansweredException next)
            {
                silent = next;
            }
        }

        throw silent ?? new DnsUnansweredException("The system names no DNS server: set Domains__Resolvers.");
    }

    private List<IPEndPoint> Resolvers()
    {
        var named = options.Value.Resolvers.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return named.Length > 0
            ? [.. named.Select(IPEndPoint.Parse).Select(e => new IPEndPoint(e.Address, e.Port == 0 ? DnsPort : e.Port))]
            : [.. NetworkInterface.GetAllNetworkInterfaces().SelectMany(n => n.GetIPProperties().DnsAddresses).Distinct().Select(a => new IPEndPoint(a, DnsPort))];
    }
}
