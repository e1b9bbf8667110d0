using System.Data.Common;
using Microsoft.DurableTask.Client;

namespace Bibind.Durable.Client;

/// <summary>What an instance is told from outside, in a transaction of the caller's.</summary>
public abstract record Steering
{
    private Steering()
    {
    }

    /// <summary>It ends, and with it the activities that it waits for.</summary>
    /// <param name="Reason">In words.</param>
    public sealed record Terminate(string Reason) : Steering;

    /// <summary>It waits until it is resumed.</summary>
    /// <param name="Reason">In words.</param>
    public sealed record Suspend(string Reason) : Steering;

    /// <summary>It goes on.</summary>
    /// <param name="Reason">In words.</param>
    public sealed record Resume(string Reason) : Steering;

    /// <summary>One that has failed goes on from what failed.</summary>
    /// <param name="Reason">In words.</param>
    public sealed record Rewind(string Reason) : Steering;

    /// <summary>Timers that it waits for are due now. Those that have fired meanwhile, and those that it sets later, are not concerned.</summary>
    /// <param name="Timers">Which; <see cref="WaitingTimer.In"/> finds them.</param>
    public sealed record FireTimers(IReadOnlyList<WaitingTimer> Timers) : Steering;

    /// <summary>Attempts at calls are not made: the calls fail now, with their last errors. Those that are under way, and those that are waited for later, are not concerned.</summary>
    /// <param name="Timers">The timers that wait for them; <see cref="WaitingAttempt.In"/> finds them.</param>
    public sealed record GiveUp(IReadOnlyList<WaitingTimer> Timers) : Steering;
}

/// <summary>A client that takes a word to an instance in a transaction of the caller's.</summary>
public interface ISteeringClient
{
    /// <summary>Tells an instance something, if and when the transaction commits.</summary>
    /// <param name="instanceId">Whom.</param>
    /// <param name="steering">What.</param>
    /// <param name="transaction">On the hub's database, or that of the outbox; null tells it at once.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <returns>False if it is known that there is no such instance, or that it has ended; for a rewind, that it has not failed.</returns>
    Task<bool> SteerAsync(string instanceId, Steering steering, DbTransaction? transaction, CancellationToken cancellation);
}

/// <summary>Steering by any client of ours.</summary>
public static class SteeringExtensions
{
    extension(DurableTaskClient client)
    {
        /// <inheritdoc cref="ISteeringClient.SteerAsync"/>
        /// <exception cref="NotSupportedException">It is the client of another backend than ours, without an outbox.</exception>
        public Task<bool> SteerAsync(string instanceId, Steering steering, DbTransaction? transaction, CancellationToken cancellation = default) =>
            client is ISteeringClient steered
                ? steered.SteerAsync(instanceId, steering, transaction, cancellation)
                : throw new NotSupportedException($"{client.GetType().Name} has no place for transactions of the caller's.");

        /// <summary>When the next timer of each of these instances is due, UTC; those that wait for none are left out. Null if this backend does not tell.</summary>
        public async Task<IReadOnlyDictionary<string, DateTime>?> FindNextTimersAsync(
            IReadOnlyCollection<string> instanceIds, CancellationToken cancellation = default) =>
            client is TaskHubClient ours ? await ours.Hub.FindNextTimersAsync(instanceIds, cancellation) : null;
    }
}
