using System.Net;
using System.Net.Http.Json;
using System.Net.Sockets;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Callers;

/// <summary>A callback was refused by our own rules; the message says by which.</summary>
public sealed class CallbackRefusedException(string message) : Exception(message);

/// <summary>
/// POSTs to addresses that callers gave. A name is resolved once and the connection goes to the very address that was
/// checked, so that a name cannot point elsewhere a moment later.
/// </summary>
public sealed class CallbackClient : IDisposable
{
    private readonly bool _allowPrivate;
    private readonly HttpClient _client;

    /// <summary>A client by the settings.</summary>
    public CallbackClient(IOptions<CallbackOptions> options)
    {
        ArgumentNullException.ThrowIfNull(options);
        _allowPrivate = options.Value.AllowPrivateTargets;
        _client = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            // A proxy would connect where we cannot check.
            UseProxy = false,
            UseCookies = false,
            // What is kept open is not checked again.
            PooledConnectionLifetime = TimeSpan.Zero,
            ConnectCallback = ConnectAsync,
        })
        {
            Timeout = options.Value.Timeout,
            MaxResponseContentBufferSize = 64 * 1024,
        };
    }

    /// <summary>POSTs a JSON document; the answer's body is not read.</summary>
    /// <exception cref="CallbackRefusedException">The target is not allowed.</exception>
    public async Task<HttpStatusCode> PostAsync(Uri target, object document, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        if (target.Scheme != Uri.UriSchemeHttps && target.Scheme != Uri.UriSchemeHttp)
        {
            throw new CallbackRefusedException($"its scheme is '{target.Scheme}', not https or http");
        }

        if (CallbackTarget.RefusalOf(target, _allowPrivate) is { } refusal)
        {
            throw new CallbackRefusedException(refusal);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, target) { Content = JsonContent.Create(document) };
        try
        {
            using var answer = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return answer.StatusCode;
        }
        catch (HttpRequestException failed) when (failed.InnerException is CallbackRefusedException refused)
        {
            throw new CallbackRefusedException(refused.Message);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _client.Dispose();

    private async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var target = context.DnsEndPoint;
        var addresses = await FindAddressesAsync(target.Host, cancellationToken);
        var allowed = addresses.Where(a => CallbackTarget.RefusalOf(a, _allowPrivate) is null).ToArray();
        if (allowed.Length == 0 && addresses.Length > 0)
        {
            throw new CallbackRefusedException(CallbackTarget.RefusalOf(addresses[0], _allowPrivate)!);
        }

        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        try
        {
            await socket.ConnectAsync(allowed, target.Port, cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    // The resolver refuses to look at some addresses, as a mistake of its caller's; they need none.
    private static async Task<IPAddress[]> FindAddressesAsync(string host, CancellationToken cancellationToken) =>
        IPAddress.TryParse(host.TrimEnd('.'), out var address) ? [address] : await System.Net.Dns.GetHostAddressesAsync(host, cancellationToken);
}
