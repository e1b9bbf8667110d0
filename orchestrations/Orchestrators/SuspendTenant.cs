using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Suspends a tenant: its visitors see a page, then its database refuses everybody. It is suspended from the order on, so that nothing opens it
/// meanwhile; where that cannot be done it is opened again as it was.
/// </summary>
public sealed class SuspendTenant : TaskOrchestrator<SuspendTenantOrder, TenantSuspended>
{
    /// <inheritdoc/>
    public override async Task<TenantSuspended> RunAsync(TaskOrchestrationContext context, SuspendTenantOrder order)
    {
        TenantDescriptor? place = null;
        TenantSuspended result;
        var begunAt = context.CurrentUtcDateTime;
        try
        {
            place = await context.CallActivityAsync(Suspensions.Begin, order);
            await context.CallActivityAsync(Routing.Suspend, place);
            var shownAt = context.CurrentUtcDateTime;
            var shut = await context.CallActivityAsync(Suspensions.ShutDatabase, place);
            result = new TenantSuspended
            {
                Code = order.Code,
                Cause = order.Cause,
                PageAfterMs = (long)(shownAt - begunAt).TotalMilliseconds,
                EndedSessions = shut.EndedSessions,
                Notes = [.. new[] { shut.Note }.OfType<string>()],
            };
        }
        catch (TaskFailedException failure)
        {
            await UndoAsync(context, order, place, failure.Reason);
            throw;
        }

        await context.CallActivityAsync(Suspensions.End, new SuspensionEnd(order, result, null));
        return result;
    }

    private static async Task UndoAsync(TaskOrchestrationContext context, SuspendTenantOrder order, TenantDescriptor? place, string reason)
    {
        await context.CallActivityAsync(Suspensions.TakeBack, order);
        var hopeless = place is null ? null : await Persistence.PersistWithinReasonAsync(context, () => ReopenAsync(context, order, place));
        var state = (hopeless, order.WasActive) switch
        {
            ({ } why, _) => $"It is suspended all the same, because it could not be opened again: {why.Reason.TrimEnd('.')}. Resume it once the cause is gone.",
            (_, true) => "The tenant is open as it was before.",
            _ => "The tenant is as it was before.",
        };
        await context.CallActivityAsync(
            Suspensions.End, new SuspensionEnd(order, null, $"{reason.TrimEnd('.')}. {state}", IsUndone: hopeless is null));
    }

    private static async Task ReopenAsync(TaskOrchestrationContext context, SuspendTenantOrder order, TenantDescriptor place)
    {
        if (!order.WasActive)
        {
            // What a failed job left closed stays so, with the page of a tenant that nobody suspended.
            await context.CallActivityAsync(Routing.Suspend, place);
            return;
        }

        await context.CallActivityAsync(Application.HandOver, place);
        await context.CallActivityAsync(Routing.Publish, place);
    }
}
