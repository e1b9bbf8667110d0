using Microsoft.DurableTask;

namespace Bibind.Durable;

/// <summary>What Durable Task's activity context has no place for. On other backends than ours the values are the neutral ones.</summary>
public static class ActivityContextExtensions
{
    extension(TaskActivityContext context)
    {
        /// <summary>The id of the call within its execution: the same for every delivery of one call; -1 if it is not known.</summary>
        public int TaskId => (context as DurableActivityContext)?.TaskIdOfCall ?? -1;

        /// <summary>The attempt by retry policy, from 1. A redelivery after a crash keeps its number.</summary>
        public int Attempt => (context as DurableActivityContext)?.AttemptByPolicy ?? 1;

        /// <summary>Set when the worker shuts down or has lost its lease: stop, the work is delivered again.</summary>
        public CancellationToken CancellationToken => (context as DurableActivityContext)?.Cancelled ?? CancellationToken.None;

        /// <summary>To be awaited right before each side effect.</summary>
        /// <exception cref="OperationCanceledException">The worker has lost the attempt's lease, or stops; nothing may be done any more.</exception>
        public Task EnsureLeaseHeldAsync()
        {
            ArgumentNullException.ThrowIfNull(context);
            return LeaseFence.EnsureHeldAsync();
        }

        /// <summary>The same attempt with another token, for a part of its work.</summary>
        public TaskActivityContext With(CancellationToken cancellation) =>
            new DurableActivityContext(context.InstanceId, context.Name, context.TaskId, context.Attempt, cancellation);
    }
}
