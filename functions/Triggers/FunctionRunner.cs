using Bibind.ControlPlane.Timers;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Triggers;

/// <summary>Runs queue and timer functions for every host: each call in a scope of its own, and wakes the pump for what it handed in.</summary>
public sealed class FunctionRunner(IServiceScopeFactory scopes, TimerLedger ledger, IWakeUp wakeUp, IControlPlaneReadiness readiness)
{
    /// <summary>Runs a queue function once.</summary>
    /// <param name="function">The function.</param>
    /// <param name="message">What triggered it.</param>
    /// <param name="deadline">When the host will end the call, if it ever does.</param>
    /// <param name="cancellationToken">Cancelled when the host gives the call up.</param>
    /// <returns>What becomes of the message.</returns>
    public async Task<QueueOutcome> RunAsync(QueueFunction function, QueueMessage message, DateTimeOffset? deadline, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(function);
        ArgumentNullException.ThrowIfNull(message);
        if (QueueMessage.RefuseSize(message.Body) is { } refusal)
        {
            return refusal;
        }

        await readiness.EnsureReadyAsync(cancellationToken);
        using var invocation = FunctionInvocation.Begin(deadline);
        await using var scope = scopes.CreateAsyncScope();
        var outcome = await Create<IQueueFunction>(scope, function.Handler).RunAsync(message, cancellationToken);
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
        await readiness.EnsureReadyAsync(cancellationToken);
        using var invocation = FunctionInvocation.Begin(deadline);
        await using var scope = scopes.CreateAsyncScope();
        var handler = Create<ITimerFunction>(scope, function.Handler);
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

    private static T Create<T>(AsyncServiceScope scope, Type handler) => (T)ActivatorUtilities.CreateInstance(scope.ServiceProvider, handler);

    private Task WakeAsync(FunctionInvocation invocation, CancellationToken cancellationToken) =>
        invocation.HandedInWork ? wakeUp.SendAsync(TimeSpan.Zero, cancellationToken) : Task.CompletedTask;
}
