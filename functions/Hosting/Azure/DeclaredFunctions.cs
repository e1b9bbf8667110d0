using System.Collections.Immutable;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Functions.Triggers;
using Microsoft.AspNetCore.Routing;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>
/// Tells the Functions host what there is to call: a function for each route, each declared queue and each declared timer.
/// Nothing is declared a second time.
/// </summary>
internal sealed class DeclaredFunctions(HttpPipeline pipeline, FunctionDeclarations functions) : IFunctionMetadataProvider
{
    /// <summary>The setting that names the storage account of the queues.</summary>
    private const string Connection = "AzureWebJobsStorage";

    private static readonly string Assembly = typeof(DeclaredFunctions).Assembly.GetName().Name + ".dll";

    public Task<ImmutableArray<IFunctionMetadata>> GetFunctionMetadataAsync(string directory) =>
        Task.FromResult<ImmutableArray<IFunctionMetadata>>([.. pipeline.Endpoints.GroupBy(NameOf).Select(Http), .. functions.Queues.Select(Queue), .. functions.Timers.Select(Timer)]);

    private static string NameOf(RouteEndpoint endpoint) =>
        endpoint.Metadata.GetMetadata<PartOfFunction>()?.Name
        ?? endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName
        ?? throw new InvalidOperationException($"The route {endpoint.RoutePattern.RawText} has no name: give it one by WithName.");

    private static DefaultFunctionMetadata Http(IGrouping<string, RouteEndpoint> function) => Function(
        function.Key,
        EntryPoints.Http,
        new JsonObject
        {
            ["name"] = "request",
            ["type"] = "httpTrigger",
            ["direction"] = "In",
            ["authLevel"] = "Anonymous",
            ["methods"] = new JsonArray([.. function.SelectMany(e => e.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods).Distinct().Select(m => (JsonNode)m.ToLowerInvariant())]),
            ["route"] = (function.First().Metadata.GetMetadata<PartOfFunction>()?.Route ?? function.First().RoutePattern.RawText!).Trim('/'),
        },
        new JsonObject { ["name"] = "$return", ["type"] = "http", ["direction"] = "Out" });

    private static DefaultFunctionMetadata Queue(QueueFunction function) => Function(
        function.Name,
        EntryPoints.Queue,
        new JsonObject
        {
            ["name"] = EntryPoints.MessageParameter,
            ["type"] = "queueTrigger",
            ["direction"] = "In",
            ["queueName"] = function.Queue,
            ["connection"] = Connection,
            // The whole message comes, so that nothing in its text can be taken for its id or its count.
            ["properties"] = new JsonObject { ["supportsDeferredBinding"] = "True" },
        });

    private static DefaultFunctionMetadata Timer(TimerFunction function) => Function(
        function.Name,
        EntryPoints.Timer,
        new JsonObject { ["name"] = "timer", ["type"] = "timerTrigger", ["direction"] = "In", ["schedule"] = function.Schedule });

    private static DefaultFunctionMetadata Function(string name, string entryPoint, params JsonObject[] bindings) => new()
    {
        Name = name,
        Language = "dotnet-isolated",
        ScriptFile = Assembly,
        EntryPoint = entryPoint,
        RawBindings = [.. bindings.Select(b => b.ToJsonString(JsonSerializerOptions.Default))],
    };
}
