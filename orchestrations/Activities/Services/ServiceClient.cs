using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using System.Text.Json;
using Bibind.Activities.RateLimits;

namespace Bibind.Activities.Services;

/// <summary>What a service answered, read to its end.</summary>
internal sealed record ServiceResponse(HttpStatusCode Status, HttpResponseHeaders Headers, string? MediaType, byte[] Body)
{
    public bool IsSuccess => (int)Status is >= 200 and < 300;

    public string Text => Encoding.UTF8.GetString(Body);
}

/// <summary>
/// Calls an HTTP API of somebody else's: each call has a limit, what does not answer becomes a failure in words, and
/// a request to come back later is honoured for some seconds.
/// </summary>
/// <param name="service">The service's name, for messages.</param>
/// <param name="callLimit">How long one call may take.</param>
/// <param name="retryAfterBudget">How long the waits that one call is asked for may be together.</param>
/// <param name="detailOf">Finds the service's own words in an answer that limits us.</param>
internal sealed class ServiceClient(
    HttpClient http, string service, TimeSpan callLimit, TimeSpan retryAfterBudget, TimeProvider time, Func<ServiceResponse, string?>? detailOf = null)
{
    private const int LargestAnswer = 8 * 1024 * 1024;

    /// <summary>Sends what <paramref name="make"/> makes, anew at each attempt, since a signature has a time in it.</summary>
    /// <exception cref="TransientFailureException">The service cannot be reached or did not answer in time.</exception>
    /// <exception cref="RateLimitedException">The service asks for a longer wait than the budget lasts.</exception>
    public Task<ServiceResponse> SendAsync(Func<Task<HttpRequestMessage>> make, CancellationToken cancellationToken, Func<ServiceResponse, bool>? isThrottled = null) =>
        new RetryAfterBudget(retryAfterBudget, time).RunAsync(() => SendOnceAsync(make, isThrottled, cancellationToken), cancellationToken);

    /// <summary>Reads an answer as JSON.</summary>
    /// <exception cref="TransientFailureException">It is not JSON: whatever stands before the service has answered instead.</exception>
    public JsonElement ReadJson(ServiceResponse answer)
    {
        try
        {
            using var document = JsonDocument.Parse(answer.Body);
            return document.RootElement.Clone();
        }
        catch (JsonException)
        {
            throw Unreadable(answer);
        }
    }

    /// <summary>The failure that an answer is which makes no sense.</summary>
    public TransientFailureException Unreadable(ServiceResponse answer) =>
        new($"{service} answered {(int)answer.Status} with {answer.Body.Length} bytes of {answer.MediaType ?? "nothing declared"} that cannot be read.");

    private async Task<ServiceResponse> SendOnceAsync(
        Func<Task<HttpRequestMessage>> make, Func<ServiceResponse, bool>? isThrottled, CancellationToken cancellationToken)
    {
        using var request = await make();
        var where = $"{service} at {request.RequestUri!.Authority}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(callLimit);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
            var answer = new ServiceResponse(
                response.StatusCode, response.Headers, response.Content.Headers.ContentType?.MediaType, await ReadAsync(response, where, limit.Token));
            return answer.Status == HttpStatusCode.TooManyRequests
                || (answer.Status == HttpStatusCode.ServiceUnavailable && response.Headers.RetryAfter is not null)
                || (isThrottled?.Invoke(answer) ?? false)
                ? throw Limited(answer)
                : answer;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new TransientFailureException($"{where} did not answer within {callLimit.TotalSeconds:0.#} s.");
        }
        catch (Exception failed) when (failed is HttpRequestException or IOException)
        {
            throw new TransientFailureException($"{where} cannot be reached: {Words(failed)}.", failed);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, string where, CancellationToken cancellationToken)
    {
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var buffer = new MemoryStream();
        var chunk = new byte[16 * 1024];
        for (var read = await body.ReadAsync(chunk, cancellationToken); read > 0; read = await body.ReadAsync(chunk, cancellationToken))
        {
            buffer.Write(chunk, 0, read);
            if (buffer.Length > LargestAnswer)
            {
                throw new TransientFailureException($"{where} answered more than {LargestAnswer / (1024 * 1024)} MB, which no answer of its API is.");
            }
        }

        return buffer.ToArray();
    }

    private RateLimitedException Limited(ServiceResponse answer)
    {
        var wait = RetryAfterBudget.Read(answer.Headers, time);
        var told = wait is { } span ? $" {Math.Ceiling(span.TotalSeconds):0} s" : "";
        var detail = detailOf?.Invoke(answer) is { } words ? $": {words}" : "";
        return new RateLimitedException($"{service} limits our requests and asks us to wait{told}{detail.TrimEnd('.')}.", wait);
    }

    private static string Words(Exception failed) => failed.GetBaseException() switch
    {
        SocketException socket => socket.SocketErrorCode switch
        {
            SocketError.ConnectionRefused => "the connection is refused",
            SocketError.HostNotFound or SocketError.TryAgain or SocketError.NoData => "its name does not resolve",
            SocketError.ConnectionReset => "the connection was cut off",
            SocketError.NetworkUnreachable or SocketError.HostUnreachable => "there is no way to it",
            _ => "the connection failed",
        },
        AuthenticationException => "its TLS certificate is not trusted",
        _ => failed is HttpRequestException { HttpRequestError: HttpRequestError.SecureConnectionError } ? "its TLS certificate is not trusted" : "the connection was cut off",
    };
}
