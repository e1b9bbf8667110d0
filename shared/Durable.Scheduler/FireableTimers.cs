using Bibind.Durable.Client;
using Microsoft.DurableTask;

namespace Bibind.Durable.Scheduler;

/// <summary>
/// Timers that can be made due from outside, for which the protocol has no call: an event names those that are not to be waited for any more, and
/// another those whose attempts are not to be made. Waiting for an event leaves nothing in a history, so that histories of before replay.
/// </summary>
/// <param name="inner">The framework's context.</param>
internal sealed class FireableTimers(TaskOrchestrationContext inner)
{
    // As the framework splits them, so that each leg is one that the history names.
    private static readonly TimeSpan LongestLeg = TimeSpan.FromDays(3);

    private readonly List<Waiting> _waiting = [];
    private bool _isListening;

    /// <summary>Waits until a time, or until an event names it.</summary>
    /// <param name="fireAt">The time, UTC.</param>
    /// <param name="isRetry">True if it is waited for the next attempt at a call, which can be given up.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>True if the attempt is given up.</returns>
    public async Task<bool> WaitAsync(DateTime fireAt, bool isRetry, CancellationToken cancellationToken)
    {
        fireAt = fireAt.Kind == DateTimeKind.Unspecified ? DateTime.SpecifyKind(fireAt, DateTimeKind.Utc) : fireAt.ToUniversalTime();
        while (true)
        {
            var legEnd = fireAt - inner.CurrentUtcDateTime > LongestLeg ? inner.CurrentUtcDateTime + LongestLeg : fireAt;
            var isGivenUp = await WaitForLegAsync(legEnd, isRetry, cancellationToken);
            if (isGivenUp || legEnd == fireAt)
            {
                return isGivenUp;
            }
        }
    }

    private async Task<bool> WaitForLegAsync(DateTime fireAt, bool isRetry, CancellationToken cancellationToken)
    {
        if (!_isListening)
        {
            _isListening = true;
            _ = ListenAsync(WaitingTimer.FireEvent, givesUp: false);
            _ = ListenAsync(WaitingTimer.GiveUpEvent, givesUp: true);
        }

        using var end = new CancellationTokenSource();
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, end.Token);
        var waiting = new Waiting(fireAt, isRetry, end);
        _waiting.Add(waiting);
        try
        {
            await inner.CreateTimer(fireAt, either.Token);
        }
        catch (OperationCanceledException) when (end.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            // It is not waited for any more.
        }
        finally
        {
            _waiting.Remove(waiting);
        }

        return waiting.IsGivenUp;
    }

    // One event is heard by one who waits for it, and several timers may wait at once.
    private async Task ListenAsync(string eventName, bool givesUp)
    {
        while (true)
        {
            var named = await inner.WaitForExternalEvent<WaitingTimer[]>(eventName);
            foreach (var waiting in _waiting.Where(w => (w.IsRetry || !givesUp) && named.Any(n => n.FireAt.ToUniversalTime() == w.FireAt)).ToArray())
            {
                waiting.IsGivenUp = givesUp;
                // Runs what waits on this thread, which is the orchestrator's.
                waiting.End.Cancel();
            }
        }
    }

    private sealed class Waiting(DateTime fireAt, bool isRetry, CancellationTokenSource end)
    {
        public DateTime FireAt => fireAt;

        public bool IsRetry => isRetry;

        public CancellationTokenSource End => end;

        public bool IsGivenUp { get; set; }
    }
}
