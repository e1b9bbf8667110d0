using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Routing;

/// <summary>Asks the proxy itself, as a browser would, by which route it answers.</summary>
internal sealed class RouteProbe(IOptions<RoutingOptions> options, TimeProvider time)
{
    private const int LongestAnswer = 4096;
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(10);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(200);

    /// <summary>Waits until the proxy answers by this route.</summary>
    /// <param name="route">The route.</param>
    /// <param name="settle">How long it must answer by no other, where one that is replaced may still answer for a while.</param>
    /// <exception cref="TransientFailureException">It does not; says what it does instead.</exception>
    public async Task IsServedAsync(TenantRoute route, TimeSpan settle, CancellationToken cancellationToken)
    {
        var seen = await UntilAsync(() => AskAsync(route.Host, route.Certificate, cancellationToken), answer => answer == route.Revision, settle, cancellationToken);
        if (seen != route.Revision)
        {
            throw new TransientFailureException($"The proxy does not answer for '{route.Host}' by the route that was published: {seen}.");
        }
    }

    /// <summary>Waits until the proxy answers by no route of ours.</summary>
    /// <inheritdoc cref="IsServedAsync(TenantRoute, TimeSpan, CancellationToken)" path="/param"/>
    /// <exception cref="TransientFailureException">It still does.</exception>
    public async Task IsGoneAsync(string host, TimeSpan settle, CancellationToken cancellationToken)
    {
        if (await UntilAsync(() => IsServedAsync(host, cancellationToken), isServed => !isServed, settle, cancellationToken))
        {
            throw new TransientFailureException($"The proxy still answers for '{host}' after its route was withdrawn.");
        }
    }

    /// <summary>True if the proxy answers for this host by a route of ours.</summary>
    public async Task<bool> IsServedAsync(string host, CancellationToken cancellationToken) => IsRevision(await AskAsync(host, null, cancellationToken));

    /// <summary>By which route of ours the proxy answers for this host; null if by none.</summary>
    /// <exception cref="TransientFailureException">The proxy does not answer at all.</exception>
    public async Task<string?> FindRevisionAsync(string host, CancellationToken cancellationToken)
    {
        try
        {
            var answer = await SendAsync(host, null, cancellationToken);
            return IsRevision(answer) ? answer : null;
        }
        catch (HttpRequestException away)
        {
            throw new TransientFailureException($"The proxy at {options.Value.Http.Authority} cannot be asked: {Innermost(away).Message}.", away);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientFailureException($"The proxy at {options.Value.Http.Authority} does not answer in time.");
        }
    }

    private static bool IsRevision(string answer) => answer.Length == 32 && answer.All(char.IsAsciiHexDigitLower);

    private async Task<T> UntilAsync<T>(Func<Task<T>> ask, Func<T, bool> accept, TimeSpan settle, CancellationToken cancellationToken)
    {
        var began = time.GetTimestamp();
        long? acceptedSince = null;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var asked = time.GetTimestamp();
            var answer = await ask();
            if (!accept(answer))
            {
                acceptedSince = null;
            }
            else if (time.GetElapsedTime(acceptedSince ??= asked, asked) >= settle)
            {
                return answer;
            }

            if (time.GetElapsedTime(began) > options.Value.VerifyLimit)
            {
                return answer;
            }

            await Task.Delay(pause, time, cancellationToken);
        }
    }

    /// <summary>The revision, or what came instead of it, in words.</summary>
    private async Task<string> AskAsync(string host, RouteCertificate? certificate, CancellationToken cancellationToken)
    {
        var proxy = certificate is null ? options.Value.Http : options.Value.Https;
        try
        {
            return await SendAsync(host, certificate, cancellationToken);
        }
        catch (HttpRequestException failed)
        {
            return $"at {proxy.Authority}, {Innermost(failed).Message}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"at {proxy.Authority}, it does not answer in time";
        }
    }

    private async Task<string> SendAsync(string host, RouteCertificate? certificate, CancellationToken cancellationToken)
    {
        var proxy = certificate is null ? options.Value.Http : options.Value.Https;
        using var client = new HttpClient(Handler(proxy, certificate)) { Timeout = AnswerLimit, MaxResponseContentBufferSize = LongestAnswer };
        using var answer = await client.GetAsync(new Uri($"{proxy.Scheme}://{host}{TenantRoute.RevisionPath}"), cancellationToken);
        return answer.IsSuccessStatusCode
            ? (await answer.Content.ReadAsStringAsync(cancellationToken)).Trim()
            : $"it answers {(int)answer.StatusCode}";
    }

    private static SocketsHttpHandler Handler(Uri proxy, RouteCertificate? certificate) => new()
    {
        AllowAutoRedirect = false,
        UseProxy = false,
        UseCookies = false,
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(proxy.Host, proxy.Port, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            }
            catch
            {
                socket.Dispose();
                throw;
            }
        },
        SslOptions = new SslClientAuthenticationOptions
        {
            // Not whether the world trusts it, which is the authority's affair, but whether it is the very one.
            RemoteCertificateValidationCallback = (_, presented, _, _) => presented is X509Certificate2 own
                && Convert.ToHexStringLower(SHA256.HashData(own.RawData)) == certificate?.Thumbprint,
        },
    };

    private static Exception Innermost(Exception error) => error.InnerException is { } inner ? Innermost(inner) : error;
}
