using Bibind.Durable.Hubs;

namespace Bibind.Durable.Worker;

/// <summary>
/// Stands at the boundaries where a crash or a failure matters: tests use it to stop the world or to fail a step there.
/// What an activity boundary throws fails the attempt; the other boundaries must not throw.
/// </summary>
public interface IWorkerInterceptor
{
    /// <summary>An attempt is about to run.</summary>
    ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken);

    /// <summary>The effect is done, its answer not yet stored.</summary>
    ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken);

    /// <summary>Turns are about to be committed.</summary>
    ValueTask BeforeCommitAsync(IReadOnlyList<TurnCommit> turns);

    /// <summary>Turns have been committed; nothing of what they start has begun.</summary>
    ValueTask AfterCommitAsync(IReadOnlyList<TurnCommit> turns);
}

/// <summary>Does nothing at every boundary.</summary>
public class WorkerInterceptor : IWorkerInterceptor
{
    /// <summary>The one used unless another is given.</summary>
    public static IWorkerInterceptor None { get; } = new WorkerInterceptor();

    /// <inheritdoc/>
    public virtual ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public virtual ValueTask AfterActivityAsync(LeasedActivity activity, CancellationToken cancellationToken) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public virtual ValueTask BeforeCommitAsync(IReadOnlyList<TurnCommit> turns) => ValueTask.CompletedTask;

    /// <inheritdoc/>
    public virtual ValueTask AfterCommitAsync(IReadOnlyList<TurnCommit> turns) => ValueTask.CompletedTask;
}
