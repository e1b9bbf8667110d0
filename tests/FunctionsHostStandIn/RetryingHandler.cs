namespace Bibind.Testing.FunctionsHost;

/// <summary>Tries again while the worker does not listen yet, as the host does, though more often: test machines are slow.</summary>
internal sealed class RetryingHandler() : DelegatingHandler(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
{
    private const int Attempts = 80;
    private static readonly TimeSpan LongestPause = TimeSpan.FromMilliseconds(250);

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var pause = TimeSpan.FromMilliseconds(50);
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await base.SendAsync(request, cancellationToken);
            }
            catch (HttpRequestException refused) when (attempt < Attempts && refused.HttpRequestError == HttpRequestError.ConnectionError)
            {
                await Task.Delay(pause, cancellationToken);
                pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
            }
        }
    }
}
