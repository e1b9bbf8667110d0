using Bibind.Functions.Queues.Brokers;
using Bibind.Functions.Triggers;

namespace Bibind.Functions.Queues;

/// <summary>Calls a queue function.</summary>
internal delegate Task<QueueOutcome> QueueInvocation(QueueFunction function, QueueMessage message, CancellationToken cancellationToken);

/// <summary>What every delivery of a queue shares.</summary>
internal sealed record DeliveryContext(
    IBrokerQueue Queue,
    PoisonQueue Poison,
    QueueFunction Function,
    QueueSettings Settings,
    QueueInvocation Invoke,
    QueueGate Gate,
    TimeProvider Time,
    ILogger Logger);

/// <summary>One delivery of one message: handles it under a lease that is renewed, then tells the broker what became of it.</summary>
/// <param name="context">What it shares with the others.</param>
/// <param name="message">The message.</param>
/// <param name="leasedAt">A timestamp: since when it is ours.</param>
internal sealed class QueueDelivery(DeliveryContext context, BrokerMessage message, long leasedAt) : IDisposable
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMilliseconds(200);

    // How long a handler that was told to stop is waited for before its message is given back.
    private static readonly TimeSpan Goodbye = TimeSpan.FromSeconds(1);

    private readonly CancellationTokenSource _lost = new();
    private long _leasedAt = leasedAt;

    /// <summary>Runs to the end; never throws.</summary>
    /// <param name="stopping">Ends the handler, and gives the message back.</param>
    public async Task RunAsync(CancellationToken stopping)
    {
        if ((RefuseUnseen() ?? await HandleAsync(stopping)) is { } outcome)
        {
            await SettleAsync(outcome);
        }
    }

    public void Dispose() => _lost.Dispose();

    // A twentieth is for the way between the broker and us.
    private TimeSpan Left => (context.Settings.VisibilityTimeout * 0.95) - context.Time.GetElapsedTime(_leasedAt);

    private QueueOutcome? RefuseUnseen() =>
        message.Problem is { } problem ? QueueOutcome.DeadLetter(problem)
        : QueueMessage.RefuseSize(message.Body!) is { } tooLarge ? tooLarge
        : message.Attempt > context.Settings.MaxAttempts
            ? QueueOutcome.DeadLetter(
                $"It was delivered {message.Attempt - 1} times and never handled to its end: each time the host stopped, or died, or lost the message.")
        : null;

    // Null if nothing is to be told to the broker any more.
    private async Task<QueueOutcome?> HandleAsync(CancellationToken stopping)
    {
        using var renewing = new CancellationTokenSource();
        using var handling = CancellationTokenSource.CreateLinkedTokenSource(stopping, _lost.Token);
        handling.CancelAfter(context.Settings.HandlerLimit);
        var renewal = RenewAsync(renewing.Token);
        var work = InvokeAsync(handling.Token);
        await Task.WhenAny(work, Task.Delay(Timeout.Infinite, handling.Token));
        if (!work.IsCompleted)
        {
            await Task.WhenAny(work, Task.Delay(Goodbye, CancellationToken.None));
        }

        await renewing.CancelAsync();
        await renewal;
        if (_lost.IsCancellationRequested)
        {
            Logs.LeaseLost(context.Logger, message.Id, context.Queue.Name);
            await EndedAsync(work);
            return null;
        }

        if (stopping.IsCancellationRequested && (!work.IsCompleted || work.IsCanceled || work.Exception?.InnerException is OperationCanceledException))
        {
            await AbandonAsync();
            return null;
        }

        if (!work.IsCompleted)
        {
            await SettleAsync(Failed(new TimeoutException($"It was not handled within {context.Settings.HandlerLimit:c}.")));
            await EndedAsync(work);
            return null;
        }

        return work.IsCompletedSuccessfully
            ? work.Result is QueueOutcome.Retried retried ? Retry(retried) : work.Result
            : Failed(
                handling.IsCancellationRequested && (work.IsCanceled || work.Exception?.InnerException is OperationCanceledException)
                    ? new TimeoutException($"It was not handled within {context.Settings.HandlerLimit:c}.")
                    : work.Exception?.InnerException ?? new TaskCanceledException(work));
    }

    // The slot stays taken for as long as a handler really works.
    private static Task EndedAsync(Task work) => work.ContinueWith(_ => { }, TaskScheduler.Default);

    private async Task<QueueOutcome> InvokeAsync(CancellationToken cancellationToken)
    {
        // Off the loop that receives, whatever the handler does before it first waits.
        await Task.Yield();
        return await context.Invoke(context.Function, new QueueMessage(message.Id, message.Body!, message.Attempt), cancellationToken);
    }

    private QueueOutcome Failed(Exception failure)
    {
        context.Gate.Report(failure);
        if (LastAttempt($"{failure.GetType().Name}: {failure.Message}") is { } given)
        {
            return given;
        }

        var delay = context.Settings.DelayAfter(message.Attempt);
        Logs.HandlerFailed(context.Logger, message.Id, context.Queue.Name, message.Attempt, delay, failure);
        return QueueOutcome.Retry(delay);
    }

    private QueueOutcome Retry(QueueOutcome.Retried retried)
    {
        var reason = retried.Reason ?? "No reason was given.";
        if (LastAttempt(reason) is { } given)
        {
            return given;
        }

        var delay = retried.Delay ?? context.Settings.DelayAfter(message.Attempt);
        Logs.Waits(context.Logger, message.Id, context.Queue.Name, message.Attempt, delay, reason);
        return QueueOutcome.Retry(delay);
    }

    private QueueOutcome? LastAttempt(string reason) =>
        message.Attempt < context.Settings.MaxAttempts ? null : QueueOutcome.DeadLetter($"Given up after {message.Attempt} attempts. {reason}");

    private async Task SettleAsync(QueueOutcome outcome)
    {
        switch (outcome)
        {
            case QueueOutcome.Completed:
                await TryUntilLostAsync(c => context.Queue.DeleteAsync(message, c));
                break;
            case QueueOutcome.Retried retried:
                await TryUntilLostAsync(c => context.Queue.HideAsync(message, retried.Delay ?? TimeSpan.Zero, c));
                break;
            case QueueOutcome.DeadLettered dead:
                if (await TryUntilLostAsync(c => context.Poison.AddAsync(message, dead.Reason, c)))
                {
                    Logs.DeadLettered(context.Logger, message.Id, context.Queue.Name, context.Poison.Name, message.Attempt, dead.Reason);
                    await TryUntilLostAsync(c => context.Queue.DeleteAsync(message, c));
                }

                break;
        }
    }

    private async Task AbandonAsync()
    {
        if (await TryUntilLostAsync(c => context.Queue.HideAsync(message, TimeSpan.Zero, c)))
        {
            Logs.Abandoned(context.Logger, message.Id, context.Queue.Name);
        }
    }

    // Once others may have the message, it is not ours to decide about.
    private async Task<bool> TryUntilLostAsync(Func<CancellationToken, Task> tell)
    {
        for (var pause = FirstPause; ; pause *= 2)
        {
            var left = Left;
            if (left <= TimeSpan.Zero)
            {
                Logs.LeaseLost(context.Logger, message.Id, context.Queue.Name);
                return false;
            }

            using var limit = new CancellationTokenSource(left);
            try
            {
                await tell(limit.Token);
                return true;
            }
            catch (MessageLeaseLostException)
            {
                Logs.LeaseLost(context.Logger, message.Id, context.Queue.Name);
                return false;
            }
            catch (Exception failure)
            {
                if (Left <= pause)
                {
                    Logs.SettlingFailed(context.Logger, message.Id, context.Queue.Name, failure);
                    return false;
                }
            }

            await Task.Delay(pause, context.Time);
        }
    }

    private async Task RenewAsync(CancellationToken done)
    {
        var lease = context.Settings.VisibilityTimeout;
        var pause = lease / 2;
        while (!done.IsCancellationRequested)
        {
            await Task.Delay(pause, context.Time, done).ContinueWith(_ => { }, TaskScheduler.Default);
            if (done.IsCancellationRequested)
            {
                return;
            }

            try
            {
                var from = context.Time.GetTimestamp();
                using var limit = new CancellationTokenSource(lease / 2);
                // Not ended by "done": broken off in between, nobody would know which receipt is the valid one.
                await context.Queue.HideAsync(message, lease, limit.Token);
                _leasedAt = from;
                pause = lease / 2;
            }
            catch (MessageLeaseLostException)
            {
                await _lost.CancelAsync();
                return;
            }
            catch (Exception)
            {
                // The broker may be back before the lease ends.
                pause = lease / 10;
            }

            if (Left <= TimeSpan.Zero)
            {
                await _lost.CancelAsync();
                return;
            }
        }
    }
}
