using System.Net;
using Bibind.Activities.Callers;

namespace Bibind.Functions.Servers;

/// <summary>What an application answered; never more than <see cref="ApplicationClient.LongestBody"/> of it.</summary>
/// <param name="Status">HTTP status.</param>
/// <param name="Body">The body.</param>
/// <param name="IsWhole">False if there was more.</param>
internal sealed record ApplicationResponse(HttpStatusCode Status, byte[] Body, bool IsWhole);

/// <summary>
/// Calls the applications of servers. What answers there is not trusted: it leads nobody elsewhere, and neither its headers, nor its
/// body, nor its silence take more than their share.
/// </summary>
internal sealed class ApplicationClient : IDisposable
{
    /// <summary>The most that is read of an answer: the names of some ten thousand databases.</summary>
    public const int LongestBody = 1024 * 1024;

    private const int LongestHeadersKilobytes = 16;

    private readonly HttpClient _client = new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        AutomaticDecompression = DecompressionMethods.None,
        MaxResponseHeadersLength = LongestHeadersKilobytes,
        // The rest of an answer that is too long is not waited for.
        MaxResponseDrainSize = 0,
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(5),
        ConnectCallback = ConnectAsync,
    })
    {
        // Each call brings its own, which covers the body too.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Sends a request and reads the answer as far as it is wanted.</summary>
    /// <param name="request">What is asked.</param>
    /// <param name="longest">How much of the body is read at most.</param>
    /// <param name="cancellation">Ends the call, whatever it is at.</param>
    public async Task<ApplicationResponse> SendAsync(HttpRequestMessage request, int longest, CancellationToken cancellation)
    {
        using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellation);
        await using var stream = await answer.Content.ReadAsStreamAsync(cancellation);
        using var body = new MemoryStream();
        var chunk = new byte[8 * 1024];
        int read;
        while (body.Length <= longest && (read = await stream.ReadAsync(chunk, cancellation)) > 0)
        {
            body.Write(chunk, 0, read);
        }

        return new ApplicationResponse(answer.StatusCode, body.ToArray(), body.Length <= longest);
    }

    public void Dispose() => _client.Dispose();

    // Servers stand in private networks, so those are fine. Link-local addresses are where clouds tell machines their credentials.
    private static ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellation) => CheckedConnection.ConnectAsync(
        context.DnsEndPoint,
        address => PublicAddress.IsLinkLocal(address)
            ? new ForbiddenAddressException($"{context.DnsEndPoint.Host} is at a link-local address, where no server of tenants stands.") : null,
        cancellation);
}

/// <summary>An address that is not called, wherever it came from.</summary>
internal sealed class ForbiddenAddressException(string message) : Exception(message);
