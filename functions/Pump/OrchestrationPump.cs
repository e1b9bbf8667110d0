using Bibind.ControlPlane.Timers;
using Bibind.Durable.Worker;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Pump;

/// <summary>
/// Works on orchestrations where no process lives on: until nothing is due or the call's time is up. What is left then is
/// handed to the next call, and what is due later has a wake-up sent ahead.
/// </summary>
public sealed class OrchestrationPump(
    WorkerPump pump, IWakeUp wakeUp, WakeUpLedger ledger, TimeProvider time, IOptions<PumpOptions> options, ILogger<OrchestrationPump> logger)
{
    /// <summary>The queue whose messages wake it.</summary>
    public const string Queue = "pump";

    /// <summary>Runs once.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var limit = options.Value.Limit;
        if (FunctionInvocation.Current?.Deadline - time.GetUtcNow() - options.Value.Reserve is { } left && left < limit)
        {
            limit = left;
        }

        if (limit <= TimeSpan.Zero)
        {
            Logs.PumpHasNoTime(logger);
            await wakeUp.SendAsync(TimeSpan.Zero, cancellationToken);
            return;
        }

        var began = time.GetTimestamp();
        var result = await pump.RunAsync(limit, cancellationToken);
        Logs.Pumped(logger, (long)time.GetElapsedTime(began).TotalMilliseconds, result.IsIdle, result.NextDueAt);
        if (!result.IsIdle)
        {
            // Also when the call was given up: what it worked on is free for the next one.
            await wakeUp.SendAsync(TimeSpan.Zero, CancellationToken.None);
        }
        else if (result.NextDueAt is { } due)
        {
            await ArmAsync(new DateTimeOffset(DateTime.SpecifyKind(due, DateTimeKind.Utc)), cancellationToken);
        }
    }

    // What is further off than the schedule's period is found by the schedule in time.
    private async Task ArmAsync(DateTimeOffset due, CancellationToken cancellationToken)
    {
        var delay = due - time.GetUtcNow();
        if (delay < options.Value.SchedulePeriod && await ledger.TryArmAsync(due, cancellationToken))
        {
            await wakeUp.SendAsync(delay > TimeSpan.Zero ? delay : TimeSpan.Zero, cancellationToken);
        }
    }
}

/// <summary>A wake-up has come.</summary>
internal sealed class PumpMessages(OrchestrationPump pump) : IQueueFunction
{
    public async Task<QueueOutcome> RunAsync(QueueMessage message, CancellationToken cancellationToken)
    {
        await pump.RunAsync(cancellationToken);
        return QueueOutcome.Complete;
    }
}

/// <summary>The safety net under wake-ups that were lost.</summary>
internal sealed class PumpSchedule(OrchestrationPump pump) : ITimerFunction
{
    public Task RunAsync(TimerTick tick, CancellationToken cancellationToken) => pump.RunAsync(cancellationToken);
}
