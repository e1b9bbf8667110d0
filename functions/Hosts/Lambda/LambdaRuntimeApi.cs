using System.Globalization;
using System.Text.Json;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Hosts.Lambda;

/// <summary>One invocation as the Runtime API hands it out.</summary>
/// <param name="Id">The request id.</param>
/// <param name="Deadline">When Lambda ends it.</param>
/// <param name="Event">The event, whatever it is.</param>
internal sealed record LambdaInvocation(string Id, DateTimeOffset Deadline, ReadOnlyMemory<byte> Event);

/// <summary>The Lambda Runtime API, version 2018-06-01.</summary>
internal sealed class LambdaRuntimeApi : IDisposable
{
    /// <summary>Where Lambda tells the address of its Runtime API.</summary>
    public const string AddressVariable = "AWS_LAMBDA_RUNTIME_API";

    private readonly HttpClient _client;

    public LambdaRuntimeApi(string address) => _client = new HttpClient
    {
        BaseAddress = new Uri($"http://{address}/2018-06-01/runtime/"),
        // The next invocation may be hours away.
        Timeout = Timeout.InfiniteTimeSpan,
    };

    /// <summary>Waits for the next invocation.</summary>
    public async Task<LambdaInvocation> NextAsync(CancellationToken cancellationToken)
    {
        using var answer = await _client.GetAsync("invocation/next", cancellationToken);
        answer.EnsureSuccessStatusCode();
        var id = Header(answer, "Lambda-Runtime-Aws-Request-Id") ?? throw new InvalidDataException("The Runtime API named no request id.");
        var deadline = long.TryParse(Header(answer, "Lambda-Runtime-Deadline-Ms"), NumberStyles.None, CultureInfo.InvariantCulture, out var milliseconds)
            ? DateTimeOffset.FromUnixTimeMilliseconds(milliseconds)
            : throw new InvalidDataException("The Runtime API named no deadline.");
        // Read by the tracing of AWS in this process, as its own runtimes do it.
        Environment.SetEnvironmentVariable("_X_AMZN_TRACE_ID", Header(answer, "Lambda-Runtime-Trace-Id"));
        return new LambdaInvocation(id, deadline, await answer.Content.ReadAsByteArrayAsync(cancellationToken));
    }

    /// <summary>Answers an invocation.</summary>
    public Task AnswerAsync(string id, byte[] answer, CancellationToken cancellationToken) =>
        PostAsync($"invocation/{id}/response", answer, errorType: null, cancellationToken);

    /// <summary>Fails an invocation.</summary>
    public Task FailAsync(string id, string type, string message, CancellationToken cancellationToken) =>
        PostAsync($"invocation/{id}/error", Error(type, message), type, cancellationToken);

    /// <summary>Says that the process cannot start.</summary>
    public Task FailInitAsync(string type, string message, CancellationToken cancellationToken) =>
        PostAsync("init/error", Error(type, message), type, cancellationToken);

    public void Dispose() => _client.Dispose();

    // The stack stays in the log: an answer may reach a caller.
    private static byte[] Error(string type, string message) =>
        JsonSerializer.SerializeToUtf8Bytes(new { errorMessage = message, errorType = type, stackTrace = Array.Empty<string>() }, ApiJson.Options);

    private async Task PostAsync(string path, byte[] body, string? errorType, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new("application/json");
        if (errorType is not null)
        {
            request.Headers.Add("Lambda-Runtime-Function-Error-Type", errorType);
        }

        using var answer = await _client.SendAsync(request, cancellationToken);
        answer.EnsureSuccessStatusCode();
    }

    private static string? Header(HttpResponseMessage answer, string name) => answer.Headers.TryGetValues(name, out var values) ? values.FirstOrDefault() : null;
}
