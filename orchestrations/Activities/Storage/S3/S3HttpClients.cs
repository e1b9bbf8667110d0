using System.Text;
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
        new(new ReadableListings(new NoExpectationForSmallBodies(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = connectLimit,
            PooledConnectionIdleTimeout = IdleLimit,
        })))
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

    // Ceph writes the markers of a listing unencoded, which no XML reader takes where a key has control characters.
    private sealed class ReadableListings(HttpMessageHandler inner) : DelegatingHandler(inner)
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            var answer = await base.SendAsync(request, cancellationToken);
            if (!answer.IsSuccessStatusCode || request.RequestUri?.Query.Contains("encoding-type=url", StringComparison.Ordinal) != true)
            {
                return answer;
            }

            var listing = await answer.Content.ReadAsStringAsync(cancellationToken);
            var readable = S3Keys.Readable(listing);
            var type = answer.Content.Headers.ContentType;
            answer.Content.Dispose();
            answer.Content = new StringContent(readable, Encoding.UTF8);
            answer.Content.Headers.ContentType = type;
            return answer;
        }
    }
}
