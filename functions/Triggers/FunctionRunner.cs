using Bibind.ControlPlane.Timers;
using Bibind.Functions.Pump;

namespace Bibind.Functions.Triggers;

/// <summary>Runs queue and timer functions for every host: each call in a scope of its own, and wakes the pump for what it handed in.</summary>
public sealed class FunctionRunner(IServiceScopeFactory scopes, TimerLedger ledger, IWakeUp wakeUp, ILogger<FunctionRunner> logger)
{
    /// <summary>Runs a queue function once.</summary>
    /// <param name="function">The function.</param>
    /// <param name="message">What triggered it.</param>
    /// <param name="deadline">When the host will end the call, if it ever does.</param>
    /// <param name="cancellationToken">Cancelled when the host gives the call up.</param>
    /// <returns>What becomes of the message; a failure of the function means that it is tried again.</returns>
    public async Task<QueueOutcome> RunAsync(QueueFunction function, QueueMessage message, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(message);
        using var invocation = FunctionInvocation.Begin(deadline);
        await using var scope = scopes.CreateAsyncScope();
        QueueOutcome outcome;
        try
        {
            outcome = await ((IQueueFunction)scope.ServiceProvider.GetRequiredService(function.Handler)).RunAsync(message, cancellationToken);
        }
        catch (Exception failure) when (!cancellationToken.IsCancellationRequested)
        {
            Logs.QueueFunctionFailed(logger, function.Name, message.Id, message.Attempt, failure);
            outcome = QueueOutcome.Retry();
        }

        await WakeAsync(invocation, cancellationToken);
        return outcome;
    }

    /// <summary>Runs a timer function for one moment; its failure is the caller's, who runs it again.</summary>
    /// <param name="function">The function.</param>
    /// <param name="tick">What triggered it.</param>
    /// <param name="deadline">When the host will end the call, if it ever does.</param>
    /// <param name="cancellationToken">Cancelled when the host gives the call up.</param>
    /// <returns>False if the moment was run before, or is being run by another machine.</returns>
    public async Task<bool> RunAsync(TimerFunction function, TimerTick tick, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(tick);
        using var invocation = FunctionInvocation.Begin(deadline);
        await using var scope = scopes.CreateAsyncScope();
        var handler = (ITimerFunction)scope.ServiceProvider.GetRequiredService(function.Handler);
        var ran = true;
        if (function.IsRecorded)
        {
            ran = await ledger.TryRunAsync(tick.Name, tick.ScheduledFor, c => handler.RunAsync(tick, c), cancellationToken);
        }
        else
        {
            await handler.RunAsync(tick, cancellationToken);
        }

        await WakeAsync(invocation, cancellationToken);
        return ran;
    }

    private Task WakeAsync(FunctionInvocation invocation, CancellationToken cancellationToken) =>
        invocation.HandedInWork ? wakeUp.SendAsync(TimeSpan.Zero, cancellationToken) : Task.CompletedTask;
}
