using Bibind.Durable.Client;
using Microsoft.DurableTask;

namespace Bibind.Durable.Scheduler;

/// <summary>
/// Timers that can be made due from outside, for which the protocol has no call: an event names those that are not to be waited for any more. Waiting
/// for an event leaves nothing in a history, so that histories of before replay.
/// </summary>
/// <param name="inner">The framework's context.</param>
internal sealed class FireableTimers(TaskOrchestrationContext inner)
{
    // As the framework splits them, so that each leg is one that the history names.
    private static readonly TimeSpan LongestLeg = TimeSpan.FromDays(3);

    private readonly List<(DateTime FireAt, CancellationTokenSource Fire)> _waiting = [];
    private bool _isListening;

    /// <summary>Waits until a time, or until an event names it.</summary>
    public async Task WaitAsync(DateTime fireAt, CancellationToken cancellationToken)
    {
        fireAt = fireAt.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(fireAt, DateTimeKind.Utc) : fireAt.ToUniversalTime();
        while (true)
        {
            var legEnd = fireAt - inner.CurrentUtcDateTime > LongestLeg ? inner.CurrentUtcDateTime + LongestLeg : fireAt;
            await WaitForLegAsync(legEnd, cancellationToken);
            if (legEnd == fireAt)
            {
                return;
            }
        }
    }

    private async Task WaitForLegAsync(DateTime fireAt, CancellationToken cancellationToken)
    {
        if (!_isListening)
        {
            _isListening = true;
            _ = ListenAsync();
        }

        using var fire = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, fire.Token);
        _waiting.Add((fireAt, fire));
        try
        {
            await inner.CreateTimer(fireAt, either.Token);
        }
        catch (OperationCanceledException) when (fire.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // It was made due.
        }
        finally
        {
            _waiting.RemoveAll(w => w.Fire == fire);
        }
    }

    // One event is heard by one who waits for it, and several timers may wait at once.
    private async Task ListenAsync()
    {
        while (true)
        {
            var named = await inner.WaitForExternalEvent<WaitingTimer[]>(WaitingTimer.FireEvent);
            foreach (var (_, fire) in _waiting.Where(w => named.Any(n => n.FireAt.ToUniversalTime() == w.FireAt)).ToArray())
            {
                // Runs what waits on this thread, which is the orchestrator's.
                fire.Cancel();
            }
        }
    }
}
