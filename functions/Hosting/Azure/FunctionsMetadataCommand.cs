using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Azure.Functions.Worker.Core.FunctionMetadata;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>
/// Writes <c>functions.metadata</c>, the list that a Functions host reads which does not ask its worker: <c>Bibind.Functions.Azure
/// functions-metadata FILE</c>.
/// </summary>
internal static class FunctionsMetadataCommand
{
    /// <summary>The first argument that asks for it.</summary>
    public const string Command = "functions-metadata";

    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true };

    /// <summary>Nothing is connected to and nothing is started, so any settings do: these.</summary>
    internal static readonly string[] AnySettings =
    [
        "--ControlDatabase=Host=nowhere;Database=none", $"--Secrets:MasterKey={Convert.ToBase64String(new byte[32])}",
        "--Auth:Tokens:0:Name=nobody", "--Auth:Tokens:0:Token=000000000000000000000000", "--Auth:Tokens:0:Role=viewer",
        "--Platform:Domain=example.com", "--Storage:Local:Folder=unused",
        "--Queues:AzureStorage:ConnectionString=UseDevelopmentStorage=true",
        "--Functions:Worker:HostEndpoint=http://127.0.0.1:9", "--Functions:Worker:WorkerId=none", "--Functions:Worker:RequestId=none",
        "--Functions:Worker:GrpcMaxMessageLength=1",
    ];

    /// <summary>Writes the file; answers the exit code.</summary>
    public static async Task<int> RunAsync(string file)
    {
        using var host = AzureHost.Build(AnySettings);
        var functions = await host.Services.GetRequiredService<IFunctionMetadataProvider>().GetFunctionMetadataAsync(AppContext.BaseDirectory);
        var list = new JsonArray([.. functions.Select(f => new JsonObject
        {
            ["name"] = f.Name,
            ["scriptFile"] = f.ScriptFile,
            ["entryPoint"] = f.EntryPoint,
            ["language"] = f.Language,
            ["properties"] = new JsonObject { ["IsCodeless"] = false },
            ["bindings"] = new JsonArray([.. f.RawBindings!.Select(b => JsonNode.Parse(b))]),
        })]);
        await File.WriteAllTextAsync(file, list.ToJsonString(Indented) + "\n");
        return 0;
    }
}
