namespace Bibind.Functions.Security;

/// <summary>How the issuer is called: briefly, without redirections, and with answers of a bounded size.</summary>
internal static class IssuerHttp
{
    private const int LargestAnswer = 1024 * 1024;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);

    public static HttpClient Create() => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
    })
    {
        Timeout = Limit,
        MaxResponseContentBufferSize = LargestAnswer,
    };
}
