using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Worker;

internal static partial class Logs
{
    [LoggerMessage(1001, LogLevel.Information, "Worker {Worker} started")]
    public static partial void WorkerStarted(ILogger logger, string worker);

    [LoggerMessage(1002, LogLevel.Information, "Worker {Worker} stopped")]
    public static partial void WorkerStopped(ILogger logger, string worker);

    [LoggerMessage(1003, LogLevel.Error, "The task hub does not answer; trying again in {Delay}")]
    public static partial void HubUnavailable(ILogger logger, Exception exception, TimeSpan delay);

    [LoggerMessage(1009, LogLevel.Warning, "What waits in the task hub cannot be counted ({Reason}); it is tried again in {Delay}")]
    public static partial void BacklogUnknown(ILogger logger, string reason, TimeSpan delay);

    [LoggerMessage(1010, LogLevel.Warning, "Instance {InstanceId}: the lease was lost; another worker goes on from the last commit")]
    public static partial void LeaseLost(ILogger logger, string instanceId);

    [LoggerMessage(1011, LogLevel.Error, "Instance {InstanceId}: a turn could not be committed; it is run again in {Delay}")]
    public static partial void CommitFailed(ILogger logger, Exception exception, string instanceId, TimeSpan delay);

    [LoggerMessage(1012, LogLevel.Error, "Instance {InstanceId}: a turn could not be run; it is tried again in {Delay}")]
    public static partial void TurnFailed(ILogger logger, Exception exception, string instanceId, TimeSpan delay);

    [LoggerMessage(1013, LogLevel.Warning, "Instance {InstanceId}: no orchestrator named '{Name}' (version '{Version}') is registered here; offered again in {Delay}")]
    public static partial void UnknownOrchestrator(ILogger logger, string instanceId, string name, string version, TimeSpan delay);

    [LoggerMessage(1014, LogLevel.Warning, "Instance {InstanceId}: {Reason} Offered again in {Delay}")]
    public static partial void VersionRefused(ILogger logger, string instanceId, string reason, TimeSpan delay);

    [LoggerMessage(1015, LogLevel.Critical, "Instance {InstanceId} is quarantined: {Reason}")]
    public static partial void InstanceQuarantined(ILogger logger, string instanceId, string reason);

    [LoggerMessage(1016, LogLevel.Critical, "Instance {InstanceId}: a turn has run for more than {Limit} and is given up; it still holds a thread ({Stuck} such)")]
    public static partial void TurnStuck(ILogger logger, string instanceId, TimeSpan limit, int stuck);

    [LoggerMessage(1020, LogLevel.Warning, "Instance {InstanceId}: no activity named '{Name}' (version '{Version}') is registered here; it is left to other workers for {Delay}")]
    public static partial void UnknownActivity(ILogger logger, string instanceId, string name, string version, TimeSpan delay);

    [LoggerMessage(1021, LogLevel.Warning, "Instance {InstanceId}: activity {Name} (#{TaskId}, attempt {Attempt}) failed: {Reason}")]
    public static partial void ActivityFailed(ILogger logger, string instanceId, string name, int taskId, int attempt, string reason);

    [LoggerMessage(1024, LogLevel.Debug, "Instance {InstanceId}: activity {Name} (#{TaskId}) failed because of this")]
    public static partial void ActivityFailureCause(ILogger logger, string instanceId, string name, int taskId, Exception cause);

    [LoggerMessage(1022, LogLevel.Warning, "Instance {InstanceId}: activity {Name} (#{TaskId}) lost its lease while it ran")]
    public static partial void ActivityLeaseLost(ILogger logger, string instanceId, string name, int taskId);

    [LoggerMessage(1023, LogLevel.Information, "Instance {InstanceId}: activity {Name} (#{TaskId}) was given back at shutdown")]
    public static partial void ActivityGivenBack(ILogger logger, string instanceId, string name, int taskId);

    [LoggerMessage(1030, LogLevel.Information, "Instance {InstanceId} ended: {Status}")]
    public static partial void InstanceEnded(ILogger logger, string instanceId, OrchestrationRuntimeStatus status);
}
