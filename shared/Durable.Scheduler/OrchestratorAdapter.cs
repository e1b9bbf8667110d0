using System.Text.Json;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;

namespace Bibind.Durable.Scheduler;

/// <summary>An orchestrator of ours under the framework's executor.</summary>
internal sealed class OrchestratorAdapter(string name, TaskRegistry registry, IServiceProvider services) : ITaskOrchestrator
{
    public Type InputType => typeof(JsonElement);

    public Type OutputType => typeof(object);

    public async Task<object?> RunAsync(TaskOrchestrationContext context, object? input)
    {
        // The framework's context has none, against its word, for an instance that was started without.
        var version = context.Version ?? string.Empty;
        var create = registry.FindOrchestrator(name, version)
            ?? throw new PermanentFailureException($"No orchestrator named '{name}' with version '{version}' is registered here.");
        var implementation = create(services);
        var text = TextOf(input);
        return await implementation.RunAsync(
            new SchedulerOrchestrationContext(context, text), HubDataConverter.Default.Deserialize(text, implementation.InputType));
    }

    /// <summary>The JSON text of a value that was read as <see cref="JsonElement"/>; null for none.</summary>
    public static string? TextOf(object? value) =>
        value is JsonElement { ValueKind: not (JsonValueKind.Undefined or JsonValueKind.Null) } element ? element.GetRawText() : null;
}
