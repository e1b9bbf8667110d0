using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Sees a cancelled job to its end: looks until its orchestration has ended, has it undone, and looks until the job is closed.</summary>
public sealed class EndCancelledJob : TaskOrchestrator<CancelledJob, Unit>
{
    private const int RoundsOfAGeneration = 50;
    private static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskOrchestrationContext context, CancelledJob order)
    {
        var pause = order.Pause;
        for (var round = 0; round < RoundsOfAGeneration; round++)
        {
            var isClosed = false;
            await Persistence.TryAsync(async () => isClosed = await context.CallActivityAsync(CancelledJobs.Undo, order));
            if (isClosed)
            {
                return Unit.Value;
            }

            await context.CreateTimer(pause);
            pause = pause * 2 < LongestPause ? pause * 2 : LongestPause;
        }

        context.ContinueAsNew(order with { Pause = pause });
        return Unit.Value;
    }
}
