using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;

namespace Bibind.WebConsole.Api;

/// <summary>What the API answered: a value, or a problem in its own words.</summary>
/// <param name="Status">The HTTP status.</param>
/// <param name="Value">What it answered; null with a problem.</param>
/// <param name="Problem">Why not.</param>
public sealed record Answer<T>(HttpStatusCode Status, T? Value, ApiProblem? Problem)
{
    /// <summary>The version that a change is to name.</summary>
    public string? ETag { get; init; }

    /// <summary>Where what was ordered is.</summary>
    public string? Location { get; init; }

    /// <summary>True if there is a value.</summary>
    public bool IsGood => Problem is null;
}

/// <summary>A problem (RFC 9457) as the API answers it.</summary>
public sealed record ApiProblem(string Type, string Title, int Status, string Detail, string? TraceId)
{
    /// <summary>Every wrong field with what is wrong about it.</summary>
    public IReadOnlyDictionary<string, string[]> Errors { get; init; } = new Dictionary<string, string[]>();

    /// <summary>What is wrong about a field; empty if nothing is.</summary>
    public IReadOnlyList<string> Of(string field) => Errors.TryGetValue(field, out var wrong) ? wrong : [];
}

/// <summary>The REST API of this process, called as whoever looks at the page.</summary>
public sealed class ConsoleApi(HttpClient http)
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web);

    /// <summary>Reads.</summary>
    public Task<Answer<T>> GetAsync<T>(string path, CancellationToken cancellationToken) => SendAsync<T>(HttpMethod.Get, path, body: null, ifMatch: null, key: null, cancellationToken);

    /// <summary>Reads a list, of which a page is shown.</summary>
    public Task<Answer<ListOf<T>>> ListAsync<T>(string path, CancellationToken cancellationToken) => GetAsync<ListOf<T>>(path, cancellationToken);

    /// <summary>Changes.</summary>
    public async Task<Answer<T>> SendAsync<T>(HttpMethod method, string path, object? body, string? ifMatch, string? key, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        if (body is not null)
        {
            request.Content = JsonContent.Create(body, options: Json);
            await request.Content.LoadIntoBufferAsync(cancellationToken);
        }

        if (ifMatch is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", ifMatch);
        }

        if (!string.IsNullOrEmpty(key))
        {
            request.Headers.TryAddWithoutValidation("Idempotency-Key", key);
        }

        using var response = await http.SendAsync(request, cancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(cancellationToken);
        var isJson = response.Content.Headers.ContentType?.MediaType is { } type && type.EndsWith("json", StringComparison.Ordinal);
        if (!response.IsSuccessStatusCode)
        {
            var problem = isJson ? JsonSerializer.Deserialize<ApiProblem>(bytes, Json) : null;
            return new Answer<T>(response.StatusCode, default, problem ?? new ApiProblem(string.Empty, $"{(int)response.StatusCode}", (int)response.StatusCode, string.Empty, TraceId: null));
        }

        return new Answer<T>(response.StatusCode, isJson && bytes.Length > 0 ? JsonSerializer.Deserialize<T>(bytes, Json) : default, Problem: null)
        {
            ETag = response.Headers.TryGetValues("ETag", out var tags) ? tags.First() : null,
            Location = response.Headers.Location?.OriginalString,
        };
    }
}

/// <summary>A page of a list.</summary>
public sealed record ListOf<T>
{
    public IReadOnlyList<T> Items { get; init; } = [];
    public long Total { get; init; }
    public int Page { get; init; } = 1;
    public int PageSize { get; init; } = 50;
}
