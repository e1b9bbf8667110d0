using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Parallel branches.</summary>
public static class Branches
{
    /// <summary>
    /// Waits until every branch has ended, then throws the first failure. Nothing is undone while a branch is still
    /// creating it.
    /// </summary>
    /// <exception cref="TaskFailedException">A branch failed.</exception>
    public static async Task SettleAsync(params Task[] branches)
    {
        TaskFailedException? first = null;
        foreach (var branch in branches)
        {
            try
            {
                await branch;
            }
            catch (TaskFailedException failure)
            {
                first ??= failure;
            }
        }

        if (first is not null)
        {
            throw first;
        }
    }
}
