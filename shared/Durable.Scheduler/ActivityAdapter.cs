using System.Text.Json;
using Bibind.Durable.History;
using Bibind.Durable.Hubs;
using Bibind.Durable.Serialization;
using Microsoft.DurableTask;

namespace Bibind.Durable.Scheduler;

/// <summary>
/// An activity of ours under the framework's worker. The host does not say which attempt it is, nor which call; it is cancelled when the
/// worker stops, and an answer that is given then is not sent: the host delivers the call again.
/// </summary>
internal sealed class ActivityAdapter(string name, TaskRegistry registry, ActivityHost host, IServiceProvider services) : ITaskActivity
{
    public Type InputType => typeof(JsonElement);

    public Type OutputType => typeof(object);

    public Task<object?> RunAsync(TaskActivityContext context, object? input)
    {
        var create = registry.FindActivity(name, context.Version)
            ?? throw new PermanentFailureException($"No activity named '{name}' with version '{context.Version}' is registered here.");
        var activity = new LeasedActivity
        {
            Lease = default,
            InstanceId = context.InstanceId,
            ExecutionId = string.Empty,
            Scheduled = new TaskScheduledEvent { Name = name, Version = context.Version },
            Deliveries = 1,
        };
        return host.RunAsync(activity, async cancellationToken =>
        {
            var implementation = create(services);
            var read = ReadInput(implementation, input);
            return await implementation.RunAsync(new DurableActivityContext(context.InstanceId, name, -1, 1, cancellationToken), read);
        });
    }

    private object? ReadInput(ITaskActivity implementation, object? input)
    {
        try
        {
            return HubDataConverter.Default.Deserialize(OrchestratorAdapter.TextOf(input), implementation.InputType);
        }
        catch (JsonException unreadable)
        {
            throw new PermanentFailureException($"The input of '{name}' cannot be read as {implementation.InputType.Name}: {unreadable.Message}", unreadable);
        }
    }
}
