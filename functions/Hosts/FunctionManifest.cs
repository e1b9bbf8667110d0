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
    public const string Command = "functions";

    private const string Usage = "Write: functions list, or functions azure FOLDER.";
    private static readonly JsonSerializerOptions Indented = new(ApiJson.Options) { WriteIndented = true };

    /// <summary>Nothing is connected to and nothing is started, so any settings do: these.</summary>
    private static readonly string[] Settings =
    [
        "--ControlDatabase=Host=nowhere;Database=none", $"--Secrets:MasterKey={Convert.ToBase64String(new byte[32])}",
        "--Auth:Tokens:0:Name=nobody", "--Auth:Tokens:0:Token=000000000000000000000000", "--Auth:Tokens:0:Role=viewer",
        "--Platform:Domain=example.com", "--Storage:Local:Folder=unused",
    ];

    /// <summary>Does what the arguments after <see cref="Command"/> say; answers the exit code.</summary>
    public static async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        switch (arguments)
        {
            case ["list"]:
                var all = new { http = HttpFunctions(), Declarations.For(HostKind.Azure).Queues, Declarations.For(HostKind.Azure).Timers };
                await Console.Out.WriteLineAsync(JsonSerializer.Serialize(
                    new
                    {
                        all.http,
                        queues = all.Queues.Select(q => new { q.Name, q.Queue }),
                        timers = all.Timers.Select(t => new { t.Name, t.Schedule }),
                    },
                    Indented));
                return 0;
            case ["azure", var folder]:
                await WriteAzureAsync(folder);
                return 0;
            default:
                await Console.Error.WriteLineAsync(Usage);
                return Bibind.Functions.Settings.SettingsException.ExitCode;
        }
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
