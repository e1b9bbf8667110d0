using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Functions.Hosts.Azure;
using Bibind.Functions.Problems;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Hosts;

/// <summary>A function that an HTTP request triggers.</summary>
/// <param name="Name">Its operation id in the OpenAPI document.</param>
/// <param name="Methods">In upper case.</param>
/// <param name="Route">Without the first slash.</param>
internal sealed record HttpFunction(string Name, IReadOnlyList<string> Methods, string Route);

/// <summary>What is declared, as deployments need it: <c>Bibind.Functions functions azure FOLDER</c> and <c>functions list</c>.</summary>
internal static class FunctionManifest
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Name = "functions";

    private static readonly JsonSerializerOptions Indented = new(ApiJson.Options) { WriteIndented = true };

    /// <summary>Nothing is connected to and nothing is started, so any settings do: these.</summary>
    private static readonly string[] Settings =
    [
        "--ControlDatabase=Host=nowhere;Database=none", $"--Secrets:MasterKey={Convert.ToBase64String(new byte[32])}",
        "--Auth:Tokens:0:Name=nobody", "--Auth:Tokens:0:Token=000000000000000000000000", "--Auth:Tokens:0:Role=viewer",
        "--Platform:Domain=example.com", "--Storage:Local:Folder=unused",
    ];

    /// <summary>The command.</summary>
    public static Command Define()
    {
        var list = new Command("list", "Shows every function.");
        list.SetAction((line, _) => line.InvocationConfiguration.Output.WriteLineAsync(List()));
        var folder = new Argument<string>("FOLDER") { Description = "Where to write; it is made." };
        var azure = new Command("azure", "Writes the folders that the Functions host reads.") { folder };
        azure.SetAction((line, _) => WriteAzureAsync(line.GetRequiredValue(folder)));
        return new Command(Name, "What is declared, as deployments need it.") { list, azure };
    }

    private static string List()
    {
        var declared = Declarations.For(HostKind.Azure);
        return JsonSerializer.Serialize(
            new
            {
                http = HttpFunctions(),
                queues = declared.Queues.Select(q => new { q.Name, q.Queue }),
                timers = declared.Timers.Select(t => new { t.Name, t.Schedule }),
            },
            Indented);
    }

    /// <summary>Every HTTP function, read from the routes.</summary>
    public static IReadOnlyList<HttpFunction> HttpFunctions()
    {
        using var app = FunctionsHost.Build(Settings);
        return
        [
            .. ((IEndpointRouteBuilder)app).DataSources.SelectMany(s => s.Endpoints).OfType<RouteEndpoint>()
                .Where(e => e.Metadata.GetMetadata<HostOnly>() is null)
                .Select(e => new HttpFunction(
                    e.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "openApi",
                    e.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? [],
                    e.RoutePattern.RawText!.Trim('/')))
                .OrderBy(f => f.Name, StringComparer.Ordinal),
        ];
    }

    // A folder for each function, as the Functions host reads them: learn.microsoft.com/azure/azure-functions/functions-custom-handlers.
    private static async Task WriteAzureAsync(string folder)
    {
        var functions = Declarations.For(HostKind.Azure);
        foreach (var http in HttpFunctions())
        {
            await WriteAsync(
                folder, http.Name,
                new { type = "httpTrigger", direction = "in", name = "request", authLevel = "anonymous", methods = http.Methods.Select(m => m.ToLowerInvariant()), route = http.Route },
                new { type = "http", direction = "out", name = "response" });
        }

        foreach (var queue in functions.Queues)
        {
            await WriteAsync(
                folder, queue.Name,
                new { type = "queueTrigger", direction = "in", name = queue.Name, queueName = queue.Queue, connection = "AzureWebJobsStorage" });
        }

        foreach (var timer in functions.Timers)
        {
            await WriteAsync(folder, timer.Name, new { type = "timerTrigger", direction = "in", name = timer.Name, schedule = timer.Schedule });
        }
    }

    private static Task WriteAsync(string folder, string name, params object[] bindings)
    {
        var place = Directory.CreateDirectory(Path.Combine(folder, name)).FullName;
        var text = new JsonObject { ["bindings"] = JsonSerializer.SerializeToNode(bindings, Indented) }.ToJsonString(Indented);
        return File.WriteAllTextAsync(Path.Combine(place, "function.json"), text + "\n");
    }
}
