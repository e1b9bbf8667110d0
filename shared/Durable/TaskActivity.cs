namespace Bibind.Durable;

/// <summary>What an activity attempt knows about itself.</summary>
/// <param name="InstanceId">The orchestration instance that called the activity.</param>
/// <param name="Name">The activity's wire name.</param>
/// <param name="TaskId">The id of the call within its execution: the same for every delivery of one call.</param>
/// <param name="Attempt">The attempt by retry policy, from 1. A redelivery after a crash keeps its number.</param>
/// <param name="CancellationToken">Set when the worker shuts down or has lost its lease: stop, the work is delivered again.</param>
public sealed record TaskActivityContext(
    string InstanceId,
    string Name,
    int TaskId,
    int Attempt,
    CancellationToken CancellationToken);

/// <summary>An activity as the worker sees it: JSON text in, JSON text out.</summary>
public interface ITaskActivity
{
    /// <summary>The type that the input is read as.</summary>
    Type InputType { get; }

    /// <summary>Runs one attempt.</summary>
    Task<object?> RunAsync(TaskActivityContext context, object? input);
}

/// <summary>
/// An effect on the world, called by an orchestrator. It runs at least once for each call, so it must be
/// idempotent: look, act, look again.
/// </summary>
public abstract class TaskActivity<TInput, TOutput> : ITaskActivity
{
    Type ITaskActivity.InputType => typeof(TInput);

    /// <summary>Performs the effect.</summary>
    /// <exception cref="PermanentFailureException">Trying again cannot help.</exception>
    public abstract Task<TOutput> RunAsync(TaskActivityContext context, TInput input);

    async Task<object?> ITaskActivity.RunAsync(TaskActivityContext context, object? input) =>
        await RunAsync(context, (TInput)input!);
}

/// <summary>The output of an activity or orchestrator that returns nothing.</summary>
public sealed record Nothing
{
    /// <summary>The only value.</summary>
    public static Nothing Value { get; } = new();
}
