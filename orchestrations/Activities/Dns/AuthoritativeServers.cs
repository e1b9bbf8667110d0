using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Bibind.Activities.Dns.Query;
using DnsClient;
using DnsClient.Protocol;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Dns;

/// <summary>Asks the zone's authoritative servers themselves: what they answer is what the world will see.</summary>
internal sealed class AuthoritativeServers(IOptions<DnsOptions> options, TimeProvider time)
{
    private const int DnsPort = 53;
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(50);
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(2);
    private readonly DnsOptions _options = options.Value;

    /// <summary>Waits until every authoritative server answers the records as they are wanted.</summary>
    /// <exception cref="TransientFailureException">One does not within the limit; says which, and what it answers.</exception>
    public async Task WaitUntilAsync(RecordSet wanted, Func<RecordSet, bool> holds, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        var pause = FirstPause;
        var waiting = new Queue<IPEndPoint>(await FindAsync(cancellationToken));
        while (waiting.TryPeek(out var server))
        {
            var (isThere, seen) = await LookAsync(server, wanted, holds, cancellationToken);
            if (isThere)
            {
                waiting.Dequeue();
                continue;
            }

            if (time.GetElapsedTime(began) + pause > _options.VerifyLimit)
            {
                throw new TransientFailureException(
                    $"The authoritative DNS server {server} does not answer {wanted.Type} {string.Join(", ", wanted.Values)} for {wanted.Name} "
                    + $"after {_options.VerifyLimit.TotalSeconds:0.#} s: {seen}.");
            }

            await Task.Delay(pause, time, cancellationToken);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }
    }

    private static async Task<(bool IsThere, string Seen)> LookAsync(
        IPEndPoint server, RecordSet wanted, Func<RecordSet, bool> holds, CancellationToken cancellationToken)
    {
        try
        {
            var type = Enum.Parse<QueryType>(wanted.Type);
            var answer = await DnsQueryClient.AskAsync(server, wanted.Name, type, cancellationToken);
            var answered = new RecordSet(
                wanted.Name, wanted.Type,
                [.. answer.Answers.Where(r => r.RecordType == (ResourceRecordType)type || r is CNameRecord)
                    .Where(r => r.DomainName.Text() == wanted.Name).Select(r => r.Value())]);
            var seen = answer.HasError ? answer.Words() : answered.Values.Count == 0 ? "it has none" : $"it has {string.Join(", ", answered.Values)}";
            return (!answer.HasError && holds(answered), answer.Header.HasAuthorityAnswer ? seen : $"{seen}, and it is not authoritative for the zone");
        }
        catch (DnsUnansweredException silent)
        {
            return (false, silent.Message.TrimEnd('.'));
        }
    }

    private async Task<IReadOnlyList<IPEndPoint>> FindAsync(CancellationToken cancellationToken)
    {
        if (_options.Authoritative.Length > 0)
        {
            return [.. _options.Authoritative.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries)
                .Select(IPEndPoint.Parse).Select(e => new IPEndPoint(e.Address, e.Port == 0 ? DnsPort : e.Port))];
        }

        var names = await FindNamesAsync(cancellationToken);
        var found = new List<IPEndPoint>();
        foreach (var name in names)
        {
            try
            {
                // One address of each server is enough: behind all of them is the same server.
                var addresses = await System.Net.Dns.GetHostAddressesAsync(name, AddressFamily.InterNetwork, cancellationToken);
                found.AddRange(addresses.Take(1).Select(a => new IPEndPoint(a, DnsPort)));
            }
            catch (SocketException)
            {
                throw new TransientFailureException($"The zone {_options.Zone} names {name} as its DNS server, and that name does not resolve.");
            }
        }

        return found.Count > 0 ? found : throw new TransientFailureException(
            $"No authoritative DNS server of the zone {_options.Zone} was found by its NS records: name them in Dns__Authoritative.");
    }

    private async Task<IReadOnlyList<string>> FindNamesAsync(CancellationToken cancellationToken)
    {
        var resolvers = NetworkInterface.GetAllNetworkInterfaces().SelectMany(n => n.GetIPProperties().DnsAddresses).Distinct();
        foreach (var resolver in resolvers)
        {
            try
            {
                var answer = await DnsQueryClient.AskAsync(new IPEndPoint(resolver, DnsPort), _options.Zone, QueryType.NS, cancellationToken, recursionDesired: true);
                if (answer.Answers.NsRecords().Select(r => r.Value()).ToList() is { Count: > 0 } names)
                {
                    return names;
                }
            }
            catch (DnsUnansweredException)
            {
                // The next resolver may answer; that none did is said by whoever needs the names.
            }
        }

        return [];
    }
}
