using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Moves;

/// <summary>Refuses a move that would fail, before anything is changed.</summary>
public sealed class CheckMove(MoveChecks checks) : TaskActivity<MoveBegun, IReadOnlyList<MoveCheck>>
{
    /// <inheritdoc/>
    public override async Task<IReadOnlyList<MoveCheck>> RunAsync(TaskActivityContext context, MoveBegun move)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(move);
        var found = await checks.RunAsync(move.Source!, move.Target!, move.SharesFiles, context.CancellationToken);
        var failed = found.Where(c => c.State == MoveCheck.Failed).Select(c => c.Detail).ToList();
        return failed.Count == 0 ? found : throw new PermanentFailureException(string.Join(' ', failed));
    }
}
