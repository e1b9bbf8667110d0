using System.Diagnostics;
using System.Text.Json.Serialization;

namespace Bibind.Functions.Problems;

/// <summary>The body of a refusal or failure (RFC 9457).</summary>
/// <param name="Type">What kind of problem; relative to the API's address.</param>
/// <param name="Title">The kind, in words.</param>
/// <param name="Status">The HTTP status.</param>
/// <param name="Detail">What is wrong here and what would be right.</param>
/// <param name="Instance">The path that was called.</param>
/// <param name="TraceId">Finds the call in the logs.</param>
public sealed record ProblemBody(string Type, string Title, int Status, string Detail, string Instance, string TraceId)
{
    /// <summary>Every wrong field with what is wrong about it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>For a failed connection test: how each part of it went.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public object? Checks { get; init; }
}

/// <summary>A refusal or failure, before it is known to which call it answers.</summary>
public sealed record Problem(int Status, string Kind, string Title, string Detail)
{
    /// <summary>Every wrong field with what is wrong about it.</summary>
    public IReadOnlyDictionary<string, string[]>? Errors { get; init; }

    /// <summary>For a failed connection test: how each part of it went.</summary>
    public object? Checks { get; init; }

    /// <summary>Headers that belong to the answer, such as <c>Retry-After</c>.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } = new Dictionary<string, string>();

    /// <summary>Writes it as the answer.</summary>
    public Task WriteAsync(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        var response = context.Response;
        response.StatusCode = Status;
        foreach (var (name, value) in Headers)
        {
            response.Headers[name] = value;
        }

        return response.WriteAsJsonAsync(
            ToBody(SecretPaths.Show(context.Request.Path), TraceOf(context)), ApiJson.Options, "application/problem+json", context.RequestAborted);
    }

    /// <summary>What finds a call in the logs.</summary>
    public static string TraceOf(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Activity.Current?.TraceId.ToHexString() ?? context.TraceIdentifier;
    }

    private ProblemBody ToBody(string instance, string traceId) =>
        new($"/problems/{Kind}", Title, Status, Detail, instance, traceId) { Errors = Errors, Checks = Checks };
}

/// <summary>Ends a call with a problem; a transaction under way is rolled back.</summary>
public sealed class ProblemException(Problem problem) : Exception(problem?.Detail)
{
    /// <summary>The answer.</summary>
    public Problem Problem { get; } = problem!;
}
