using Azure.Storage.Queues.Models;
using Microsoft.Azure.Functions.Worker;
using Microsoft.Azure.Functions.Worker.Context.Features;
using Microsoft.Azure.Functions.Worker.Invocation;

namespace Bibind.Functions.Hosting.Azure;

/// <summary>Calls the entry points directly; the worker's own way compiles an expression for each function, which a cold start pays for.</summary>
internal sealed class DeclaredFunctionExecutor : IFunctionExecutor
{
    public async ValueTask ExecuteAsync(FunctionContext context)
    {
        switch (context.FunctionDefinition.EntryPoint)
        {
            case EntryPoints.Http:
                await EntryPoints.HttpAsync(context);
                break;
            case EntryPoints.Queue:
                var input = await context.Features.Get<IFunctionInputBindingFeature>()!.BindFunctionInputAsync(context);
                await EntryPoints.QueueAsync((QueueMessage)input.Values[0]!, context);
                break;
            case EntryPoints.Timer:
                await EntryPoints.TimerAsync(context);
                break;
            default:
                throw new InvalidOperationException($"There is no entry point '{context.FunctionDefinition.EntryPoint}'.");
        }
    }
}
