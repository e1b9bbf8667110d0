namespace Bibind.Durable;

/// <summary>An orchestrator as the executor sees it.</summary>
public interface ITaskOrchestrator
{
    /// <summary>The type that the input is read as.</summary>
    Type InputType { get; }

    /// <summary>Runs the decision from its beginning; the executor replays what is already known.</summary>
    Task<object?> RunAsync(TaskOrchestrationContext context, object? input);
}

/// <summary>
/// A durable decision. The code is replayed from its beginning, so it must be deterministic: clock, randomness
/// and every effect come through the context.
/// </summary>
public abstract class TaskOrchestrator<TInput, TOutput> : ITaskOrchestrator
{
    Type ITaskOrchestrator.InputType => typeof(TInput);

    /// <summary>Decides.</summary>
    public abstract Task<TOutput> RunAsync(TaskOrchestrationContext context, TInput input);

    async Task<object?> ITaskOrchestrator.RunAsync(TaskOrchestrationContext context, object? input) =>
        await RunAsync(context, (TInput)input!);
}
