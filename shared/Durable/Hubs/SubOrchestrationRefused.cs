using Bibind.Durable.History;
using Microsoft.DurableTask;

namespace Bibind.Durable.Hubs;

/// <summary>A child whose id is taken by a running instance is a failure of the call, and the parent hears of it.</summary>
internal static class SubOrchestrationRefused
{
    public static SubOrchestrationInstanceFailedEvent Describe(ExecutionStartedEvent child)
    {
        var reason = $"An orchestration instance '{child.InstanceId}' is running already.";
        return new SubOrchestrationInstanceFailedEvent
        {
            Timestamp = child.Timestamp,
            TaskScheduledId = child.Parent!.TaskScheduledId,
            Reason = reason,
            FailureDetails = TaskFailureDetails.Create(typeof(OrchestrationAlreadyExistsException).FullName!, reason),
        };
    }
}
