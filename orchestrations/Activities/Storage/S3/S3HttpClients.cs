using Amazon.Runtime;

namespace Bibind.Activities.Storage.S3;

/// <summary>
/// HTTP as S3 servers need it. With <c>Expect: 100-continue</c> a server that refuses takes it that no body follows, but .NET
/// sends bodies of up to 1024 bytes all the same, and Ceph then reads them as the beginning of the next request.
/// </summary>
internal sealed class S3HttpClients(TimeSpan connectLimit) : HttpClientFactory
{
    // As in .NET's own HttpConnection.
    private const int AlwaysSentBytes = 1024;
    private static readonly TimeSpan IdleLimit = TimeSpan.FromMinutes(1);

    public override HttpClient CreateHttpClient(IClientConfig clientConfig) =>
        new(new NoExpectationForSmallBodies(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = connectLimit,
            PooledConnectionIdleTimeout = IdleLimit,
        }))
        {
            Timeout = clientConfig.Timeout ?? Timeout.InfiniteTimeSpan,
        };

    private sealed class NoExpectationForSmallBodies(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            if (request.Content?.Headers.ContentLength <= AlwaysSentBytes)
            {
                request.Headers.ExpectContinue = false;
            }

            return base.SendAsync(request, cancellationToken);
        }
    }
}
