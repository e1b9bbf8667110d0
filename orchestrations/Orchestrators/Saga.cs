using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Remembers how to undo what was begun. The undo is registered before the act, so an act whose outcome is unknown is
/// undone too; undo steps succeed when there is nothing to undo.
/// </summary>
public sealed class Saga(TaskOrchestrationContext context)
{
    private readonly List<(string Name, Func<Task> UndoAsync)> _undo = [];

    /// <summary>Acts, having registered the undo.</summary>
    /// <exception cref="TaskFailedException">The act failed, and its retries gave up.</exception>
    public Task<TOutput> DoAsync<TInput, TOutput>(
        ActivityDefinition<TInput, TOutput> act, TInput input, ActivityDefinition<TInput, Unit> undoneBy)
    {
        UndoneBy(undoneBy, input);
        return context.CallActivityAsync(act, input);
    }

    /// <summary>Registers an undo for an act that follows.</summary>
    public void UndoneBy<TInput>(ActivityDefinition<TInput, Unit> undo, TInput input) =>
        _undo.Add((undo.Name, () => context.CallActivityAsync(undo, input)));

    /// <summary>
    /// Undoes everything, newest first. An undo that fails for good does not keep the others from being done.
    /// </summary>
    /// <returns>What could not be undone, in words.</returns>
    public async Task<IReadOnlyList<string>> UndoAsync()
    {
        var failed = new List<string>();
        for (var i = _undo.Count - 1; i >= 0; i--)
        {
            try
            {
                await _undo[i].UndoAsync();
            }
            catch (TaskFailedException failure)
            {
                failed.Add($"{_undo[i].Name}: {failure.Reason}");
            }
        }

        _undo.Clear();
        return failed;
    }
}
