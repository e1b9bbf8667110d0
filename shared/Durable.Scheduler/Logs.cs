using Microsoft.Extensions.Logging;

namespace Bibind.Durable.Scheduler;

/// <summary>Log messages of the engine on Durable Task's gRPC protocol; event ids from 1500.</summary>
internal static partial class Logs
{
    [LoggerMessage(1500, LogLevel.Information, "Worker {Worker} takes work of task hub {TaskHub} at {Endpoint}")]
    public static partial void WorkerStarted(ILogger logger, string worker, string taskHub, Uri endpoint);

    [LoggerMessage(1501, LogLevel.Information, "Worker {Worker} stopped; {Left} activities did not end in time and are delivered again")]
    public static partial void WorkerStopped(ILogger logger, string worker, int left);

    [LoggerMessage(1502, LogLevel.Error, "What the outbox holds cannot be delivered; trying again in {Delay}")]
    public static partial void OutboxUnavailable(ILogger logger, Exception failure, TimeSpan delay);

    [LoggerMessage(1503, LogLevel.Warning, "Instance {InstanceId}: activity {Name} failed: {Reason}")]
    public static partial void ActivityFailed(ILogger logger, string instanceId, string name, string reason);
}
