using System.Collections.Immutable;
using Microsoft.DurableTask;

namespace Bibind.Durable;

/// <summary>What Durable Task's orchestration context has no place for.</summary>
public static class OrchestrationContextExtensions
{
    extension(TaskOrchestrationContext context)
    {
        /// <summary>The tags that the instance was started with; none on other backends than ours.</summary>
        public IReadOnlyDictionary<string, string> Tags =>
            (context as IStartTags)?.StartTags ?? ImmutableDictionary<string, string>.Empty;

        /// <summary>Waits for a span of time.</summary>
        public Task CreateTimer(TimeSpan delay) => context.CreateTimer(delay, CancellationToken.None);

        /// <summary>Waits until a time, UTC.</summary>
        public Task CreateTimer(DateTime fireAt) => context.CreateTimer(fireAt, CancellationToken.None);
    }
}

/// <summary>A context that knows what its instance was started with.</summary>
internal interface IStartTags
{
    /// <summary>The tags of the start.</summary>
    IReadOnlyDictionary<string, string> StartTags { get; }
}
