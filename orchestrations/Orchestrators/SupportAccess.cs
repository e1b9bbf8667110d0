using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Lets an operator into a tenant's application for a while: waits for the consent, makes an account, waits for the end, and removes it. However
/// it ends, it does not end before the account is gone.
/// </summary>
public sealed class SupportAccess : TaskOrchestrator<SupportAccessOrder, SupportAccessEnded>
{
    // Who changes the row raises an event after it. A process that dies in between leaves the next look.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(10);
    private static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <inheritdoc/>
    public override async Task<SupportAccessEnded> RunAsync(TaskOrchestrationContext context, SupportAccessOrder order)
    {
        if (order.IsUndo)
        {
            return await CloseAsync(context, order, failure: null);
        }

        try
        {
            switch (await WaitAsync(context, order))
            {
                case SupportTurn.Over:
                    await context.CallActivityAsync(SupportAccesses.End, new SupportAccessEnd(order, null, null));
                    return new SupportAccessEnded { Code = order.Code, AccessId = order.AccessId };
                case SupportTurn.Grant when await context.CallActivityAsync(SupportAccesses.CreateAccount, order)
                    && await context.CallActivityAsync(SupportAccesses.Open, order):
                    await WaitAsync(context, order);
                    break;
            }
        }
        catch (TaskFailedException failure)
        {
            await CloseAsync(context, order, failure.Reason);
            throw;
        }

        return await CloseAsync(context, order, failure: null);
    }

    private static async Task<string> WaitAsync(TaskOrchestrationContext context, SupportAccessOrder order)
    {
        while (await context.CallActivityAsync(SupportAccesses.Look, order) is var turn)
        {
            if (turn.Next != SupportTurn.Wait)
            {
                return turn.Next;
            }

            try
            {
                await context.WaitForExternalEvent<Unit>(SupportAccesses.SteerEvent, turn.Left < LongestWait ? turn.Left : LongestWait);
            }
            catch (OperationCanceledException)
            {
                // Nothing was said: it is time for the next look.
            }
        }

        return SupportTurn.Close;
    }

    private static async Task<SupportAccessEnded> CloseAsync(TaskOrchestrationContext context, SupportAccessOrder order, string? failure)
    {
        var removed = await RemoveAsync(context, order);
        await Persistence.PersistAsync(context, () => context.CallActivityAsync(SupportAccesses.End, new SupportAccessEnd(order, removed, failure)));
        return new SupportAccessEnded { Code = order.Code, AccessId = order.AccessId, Left = removed.Left };
    }

    // For as long as it takes: an account that is not gone can be signed in with.
    private static async Task<SupportRemoved> RemoveAsync(TaskOrchestrationContext context, SupportAccessOrder order)
    {
        var removed = new SupportRemoved(IsFinal: false, Note: null, Left: []);
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            IReadOnlyList<string> before = removed.Left;
            await Persistence.PersistAsync(context, async () => removed = await context.CallActivityAsync(SupportAccesses.RemoveAccount, order));
            removed = removed with { Left = [.. before.Union(removed.Left)] };
            if (removed.IsFinal)
            {
                return removed;
            }

            await context.CreateTimer(pause);
        }
    }
}
