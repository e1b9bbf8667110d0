using System.Globalization;
using System.Net;
using System.Net.Sockets;
using DnsClient;
using DnsClient.Protocol;

namespace Bibind.Activities.Dns.Query;

/// <summary>A DNS server did not answer a query.</summary>
internal sealed class DnsUnansweredException(string message) : Exception(message);

/// <summary>
/// Asks one DNS server one question by DnsClient: by UDP, and by TCP where the answer does not fit. Nothing is cached. That an
/// answer is one to what was asked is checked here: DnsClient compares no more than its number.
/// </summary>
internal static class DnsQueryClient
{
    private static readonly IdnMapping Punycode = new();
    private static readonly LookupClient Client = new(new LookupClientOptions { AutoResolveNameServers = false });

    /// <exception cref="DnsUnansweredException">It is silent, or what it says makes no sense.</exception>
    public static async Task<IDnsQueryResponse> AskAsync(
        IPEndPoint server, string name, QueryType type, CancellationToken cancellationToken, bool recursionDesired = false)
    {
        var question = new DnsQuestion(name, type);
        var options = new DnsQueryOptions
        {
            Recursion = recursionDesired,
            UseCache = false,
            Retries = 2,
            Timeout = TimeSpan.FromSeconds(2),
            ContinueOnDnsError = false,
            // What passes every network in one piece.
            ExtendedDnsBufferSize = 1232,
        };
        try
        {
            var answer = await Client.QueryServerAsync([server], question, options, cancellationToken);
            return answer.Questions is [{ } asked] && asked.QuestionType == type && asked.QueryName.Text() == question.QueryName.Text()
                ? answer
                : throw Unanswered(server, "what it answers is about another question");
        }
        catch (DnsResponseException failed)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw Unanswered(server, failed.InnerException is SocketException ? "the connection is refused or cut off" : "it is silent");
        }
        // The last is what DnsClient makes of a name that is none.
        catch (Exception senseless) when (senseless is DnsResponseParseException or DnsXidMismatchException or ArgumentException)
        {
            throw Unanswered(server, "what it answers makes no sense");
        }
    }

    /// <summary>The name as it stands in the message, in lower case and without the dot at the end.</summary>
    public static string Text(this DnsString name)
    {
        // DnsClient has made Unicode of Punycode.
        var text = name.Original.TrimEnd('.');
        return (text.All(char.IsAscii) ? text : Punycode.GetAscii(text)).ToLowerInvariant();
    }

    /// <summary>The value as people write it: an address, a name, or a text in one piece; empty for other types.</summary>
    public static string Value(this DnsResourceRecord record) => record switch
    {
        AddressRecord address => address.Address.ToString(),
        CNameRecord alias => alias.CanonicalName.Text(),
        NsRecord server => server.NSDName.Text(),
        TxtRecord text => string.Concat(text.Text),
        _ => string.Empty,
    };

    /// <summary>The answer's code as people write it.</summary>
    public static string Words(this IDnsQueryResponse answer) => answer.Header.ResponseCode switch
    {
        DnsHeaderResponseCode.FormatError => "FORMERR",
        DnsHeaderResponseCode.ServerFailure => "SERVFAIL",
        DnsHeaderResponseCode.NotExistentDomain => "NXDOMAIN",
        DnsHeaderResponseCode.Refused => "REFUSED",
        var code => $"code {(int)code}",
    };

    private static DnsUnansweredException Unanswered(IPEndPoint server, string reason) => new($"The DNS server {server} does not answer: {reason}.");
}
