using System.Text.Json.Nodes;
using Bibind.Testing.FunctionsHost.Protocol;

namespace Bibind.Testing.FunctionsHost;

/// <summary>Asks a worker for its functions and has it load them, as the host does after the worker is initialised.</summary>
internal static class FunctionsLoading
{
    public static async Task<IReadOnlyList<StandInFunction>> LoadAsync(WorkerConnection worker, string folder)
    {
        var answer = await worker.AskAsync(
            Guid.NewGuid().ToString(), new StreamingMessage { FunctionsMetadataRequest = new FunctionsMetadataRequest { FunctionAppDirectory = folder } });
        Succeeded(answer.FunctionMetadataResponse.Result, "list its functions");
        var functions = answer.FunctionMetadataResponse.FunctionMetadataResults;
        await Task.WhenAll(functions.Select(f => LoadAsync(worker, f)));
        return [.. functions.Select(f => new StandInFunction(f.Name, f.FunctionId, StandInFunction.FindTrigger(f.RawBindings)))];
    }

    private static async Task LoadAsync(WorkerConnection worker, RpcFunctionMetadata function)
    {
        var metadata = new RpcFunctionMetadata { Name = function.Name, ScriptFile = function.ScriptFile, EntryPoint = function.EntryPoint };
        foreach (var binding in function.RawBindings.Select(b => JsonNode.Parse(b)!))
        {
            metadata.Bindings[binding["name"]!.GetValue<string>()] = new BindingInfo
            {
                Type = binding["type"]!.GetValue<string>(),
                Direction = Enum.Parse<BindingInfo.Types.Direction>(binding["direction"]!.GetValue<string>(), ignoreCase: true),
            };
        }

        var answer = await worker.AskAsync(
            Guid.NewGuid().ToString(), new StreamingMessage { FunctionLoadRequest = new FunctionLoadRequest { FunctionId = function.FunctionId, Metadata = metadata } });
        Succeeded(answer.FunctionLoadResponse.Result, $"load {function.Name}");
    }

    private static void Succeeded(StatusResult result, string what)
    {
        if (result.Status != StatusResult.Types.Status.Success)
        {
            throw new InvalidOperationException($"The worker could not {what}: {result.Exception?.Message}");
        }
    }
}
