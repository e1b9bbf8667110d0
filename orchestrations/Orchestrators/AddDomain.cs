using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>Makes a tenant answer at a host name of the customer's own, once its records lead to us; or leaves it as it was.</summary>
public sealed class AddDomain : TaskOrchestrator<DomainOrder, DomainOutcome>
{
    private static readonly TimeSpan FirstPause = TimeSpan.FromMinutes(1);
    private static readonly TimeSpan LongestPause = TimeSpan.FromHours(1);

    /// <inheritdoc/>
    public override async Task<DomainOutcome> RunAsync(TaskOrchestrationContext context, DomainOrder order)
    {
        var saga = new Saga(context);
        try
        {
            var check = await WaitForRecordsAsync(context, order);
            if (check.Place is not { } place)
            {
                return await GiveUpAsync(context, order, check);
            }

            await saga.DoAsync(Certificates.Issue, place.Custom, undoneBy: Certificates.Revoke);
            await saga.DoAsync(Routing.Publish, place.Custom, undoneBy: Routing.Withdraw);
            saga.UndoneBy(Application.ResetAddress, place.Platform);
            await context.CallActivityAsync(Application.SetAddress, place.Custom);
            return await context.CallActivityAsync(Domains.Activate, order);
        }
        catch (TaskFailedException failure)
        {
            var failedUndoSteps = await saga.UndoAsync();
            var reason = failedUndoSteps.Count == 0
                ? failure.Reason
                : $"{failure.Reason} And not undone: {string.Join("; ", failedUndoSteps)}";
            await context.CallActivityAsync(Domains.End, new DomainEnd(order, IsCancelled: false, reason));
            throw;
        }
    }

    /// <summary>Looks more and more seldom, and at once when it is asked to.</summary>
    private static async Task<DomainCheck> WaitForRecordsAsync(TaskOrchestrationContext context, DomainOrder order)
    {
        var deadline = context.CurrentUtcDateTime + order.WaitLimit;
        for (var pause = FirstPause; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var check = await context.CallActivityAsync(Domains.Check, order);
            var left = deadline - context.CurrentUtcDateTime;
            if (check.State != DomainCheck.Waits || left <= TimeSpan.Zero)
            {
                return check;
            }

            try
            {
                await context.WaitForExternalEvent<Unit>(Domains.ValidateEvent, pause < left ? pause : left);

                // Whoever asks has changed something, and the next look may be worth it soon.
                pause = FirstPause / 2;
            }
            catch (OperationCanceledException)
            {
                // Nobody asked: it is time for the next look.
            }
        }
    }

    private static async Task<DomainOutcome> GiveUpAsync(TaskOrchestrationContext context, DomainOrder order, DomainCheck check)
    {
        var isCancelled = check.State == DomainCheck.Withdrawn;
        var reason = isCancelled
            ? $"The domain '{order.Name}' was removed before it led here."
            : $"The domain '{order.Name}' did not lead here within {order.WaitLimit.TotalDays:0.##} days: {check.Note}";
        await context.CallActivityAsync(Domains.End, new DomainEnd(order, isCancelled, reason));
        return isCancelled ? new DomainOutcome(order.Code, order.Name, "cancelled") : throw new DomainNotReadyException(reason);
    }
}

/// <summary>The records of a name were not set in time; the message says what is missing.</summary>
public sealed class DomainNotReadyException(string message) : Exception(message);
