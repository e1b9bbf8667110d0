using System.Net;
using System.Net.Http.Json;
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

    private ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken) => CheckedConnection.ConnectAsync(
        context.DnsEndPoint,
        address => CallbackTarget.RefusalOf(address, _allowPrivate) is { } refusal ? new CallbackRefusedException(refusal) : null,
        cancellationToken);
}
