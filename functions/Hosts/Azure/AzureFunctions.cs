using System.Text.Json;
using System.Text.Json.Serialization;
using Bibind.ControlPlane;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Hosts.Azure;

/// <summary>
/// Queue and timer functions as Azure Functions calls a custom handler: <c>POST /{function}</c> with an envelope of
/// <c>Data</c> and <c>Metadata</c>. HTTP functions arrive as the requests that they are.
/// </summary>
/// <remarks>
/// Every success is answered with a JSON object: the host waits for ever on an empty one. What is not 2xx is a failed
/// invocation; a queue message then becomes visible again after <c>queues.visibilityTimeout</c> of <c>host.json</c>.
/// </remarks>
internal static class AzureFunctions
{
    // A queue holds 64 KiB; in the envelope each character may be escaped twice.
    private const int EnvelopeLimit = 1024 * 1024;

    public static void MapAzureFunctions(this WebApplication app)
    {
        // The host asks every 25 ms until it is answered, and again from time to time.
        app.MapGet("/", () => TypedResults.Json(new AzureAnswer([]), ApiJson.Options)).ExcludeFromDescription().WithMetadata(new Probe(), new NeedsNoDatabase());
        var functions = app.Services.GetRequiredService<FunctionDeclarations>();
        foreach (var function in functions.Queues)
        {
            app.MapPost($"/{function.Name}", context => RunAsync(context, function)).ExcludeFromDescription().WithMetadata(new HostOnly());
        }

        foreach (var function in functions.Timers)
        {
            app.MapPost($"/{function.Name}", context => RunAsync(context, function)).ExcludeFromDescription().WithMetadata(new HostOnly());
        }
    }

    private static async Task RunAsync(HttpContext context, QueueFunction function)
    {
        using var envelope = await ReadAsync(context);
        var metadata = envelope.RootElement.Member("Metadata");
        var body = TolerantJson.Text(DataOf(envelope.RootElement, function.Name))
            ?? throw Unreadable($"Data.{function.Name} is missing: it holds the queue message.");
        var message = new QueueMessage(
            TolerantJson.Text(metadata.Member("Id")) ?? "unknown", body, TolerantJson.Number(metadata.Member("DequeueCount")) ?? 1);
        switch (await RunAsync(context, function, message))
        {
            case QueueOutcome.Completed:
                await AnswerAsync(context, $"{function.Name}: message {message.Id} is done.");
                break;
            case QueueOutcome.DeadLettered(var reason):
                await context.RequestServices.GetRequiredService<HostedQueues>().DeadLetterAsync(function.Queue, message, reason, context.RequestAborted);
                await AnswerAsync(context, $"{function.Name}: message {message.Id} went to the poison queue: {reason}");
                break;
            case QueueOutcome.Retried(_, var reason):
                // The reason reaches the host's log; the host itself only looks at the status.
                throw new ProblemException(new Problem(
                    StatusCodes.Status503ServiceUnavailable, "retry", "The message is to be delivered again",
                    $"{function.Name}: message {message.Id}, attempt {message.Attempt}: {reason ?? "it failed; the log of this function has the reason"}"));
        }
    }

    private static async Task<QueueOutcome> RunAsync(HttpContext context, QueueFunction function, QueueMessage message)
    {
        try
        {
            return await context.RequestServices.GetRequiredService<FunctionRunner>().RunAsync(function, message, deadline: null, context.RequestAborted);
        }
        catch (Exception failure) when (!context.RequestAborted.IsCancellationRequested)
        {
            Logs.QueueFunctionFailed(context.RequestServices.GetRequiredService<ILogger<FunctionRunner>>(), function.Name, message.Id, message.Attempt, failure);
            return QueueOutcome.Retry();
        }
    }

    private static async Task RunAsync(HttpContext context, TimerFunction function)
    {
        using var envelope = await ReadAsync(context);
        if (DataOf(envelope.RootElement, function.Name).ValueKind == JsonValueKind.Undefined)
        {
            throw Unreadable($"Data.{function.Name} is missing: it holds the timer.");
        }

        // The envelope does not say which moment it is for; the declared schedule does. The host may be early by a little.
        var now = context.RequestServices.GetRequiredService<TimeProvider>().GetUtcNow();
        var due = new CronSchedule(function.Schedule).LatestUntil(now.AddSeconds(1)) ?? now;
        var ran = await context.RequestServices.GetRequiredService<FunctionRunner>()
            .RunAsync(function, new TimerTick(function.Name, due), deadline: null, context.RequestAborted);
        await AnswerAsync(context, $"{function.Name}: {due.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC {(ran ? "was run" : "had been run before")}.");
    }

    private static JsonElement DataOf(JsonElement envelope, string name) => envelope.Member("Data").Member(name);

    private static async Task<JsonDocument> ReadAsync(HttpContext context)
    {
        var document = await HostJson.ReadAsync(context, "The invocation", EnvelopeLimit);
        if (document.RootElement.ValueKind == JsonValueKind.Object)
        {
            return document;
        }

        document.Dispose();
        throw Unreadable("The invocation is not a JSON object with Data and Metadata.");
    }

    private static ProblemException Unreadable(string detail) => new(Refusals.Unreadable(detail));

    private static Task AnswerAsync(HttpContext context, string log) =>
        context.Response.WriteAsJsonAsync(new AzureAnswer([PlainText.Escape(log)]), ApiJson.Options, context.RequestAborted);
}

/// <summary>The answer to an invocation; the names are the host's.</summary>
/// <param name="Logs">Lines for the host's log.</param>
internal sealed record AzureAnswer([property: JsonPropertyName("Logs")] IReadOnlyList<string> Logs)
{
    /// <summary>Output bindings: none.</summary>
    [JsonPropertyName("Outputs")]
    public IReadOnlyDictionary<string, string> Outputs { get; } = new Dictionary<string, string>();

    /// <summary>None.</summary>
    [JsonPropertyName("ReturnValue")]
    public string? ReturnValue { get; init; }
}

/// <summary>Marks endpoints that only the host calls, over loopback: they are no HTTP functions.</summary>
internal sealed record HostOnly;
