using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Orchestrators;

/// <summary>
/// Buys a domain, waits until it is registered, and gives it to a tenant if it is meant for one. A purchase cannot be
/// undone: what fails before the order costs nothing, and what fails after it is said with the registrar's number.
/// </summary>
public sealed class BuyDomain : TaskOrchestrator<BuyDomainOrder, DomainBought>
{
    private static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(15);

    /// <inheritdoc/>
    public override async Task<DomainBought> RunAsync(TaskOrchestrationContext context, BuyDomainOrder order)
    {
        PurchaseAttached? attached = null;
        try
        {
            await context.CallActivityAsync(DomainPurchases.Order, order);
            await WaitUntilRegisteredAsync(context, order);
            if (order.Tenant is not null)
            {
                attached = await AttachAsync(context, order);
            }
        }
        catch (Exception failure) when (failure is TaskFailedException or DomainNotBoughtException)
        {
            await context.CallActivityAsync(DomainPurchases.End, new PurchaseEnd(order, null, Reasons.Of(failure)));
            throw;
        }

        return await context.CallActivityAsync(DomainPurchases.End, new PurchaseEnd(order, attached, Reason: null));
    }

    private static async Task WaitUntilRegisteredAsync(TaskOrchestrationContext context, BuyDomainOrder order)
    {
        var deadline = context.CurrentUtcDateTime + order.WaitLimit;
        for (var pause = order.FirstLook; ; pause = pause * 2 < LongestPause ? pause * 2 : LongestPause)
        {
            var standing = await LookAsync(context, order);
            switch (standing.State)
            {
                case PurchaseStanding.Registered:
                    return;
                case PurchaseStanding.Failed:
                    throw new DomainNotBoughtException($"The registrar gave the order of '{order.Name}' up: {standing.Note}");
            }

            var left = deadline - context.CurrentUtcDateTime;
            if (left <= TimeSpan.Zero)
            {
                throw new DomainNotBoughtException(
                    $"The domain '{order.Name}' was ordered and is not registered after {order.WaitLimit.TotalDays:0.##} days: {standing.Note} "
                    + "The order stands at the registrar: look there before it is ordered again.");
            }

            await context.CreateTimer(pause < left ? pause : left);
        }
    }

    /// <summary>A registrar that cannot be asked has the order all the same.</summary>
    private static async Task<PurchaseStanding> LookAsync(TaskOrchestrationContext context, BuyDomainOrder order)
    {
        try
        {
            return await context.CallActivityAsync(DomainPurchases.Look, order);
        }
        catch (TaskFailedException failure)
        {
            return new PurchaseStanding(PurchaseStanding.UnderWay, $"it could not be looked at: {failure.Reason}");
        }
    }

    /// <summary>The name is paid for: that a tenant cannot have it is a note, not a failure.</summary>
    private static async Task<PurchaseAttached> AttachAsync(TaskOrchestrationContext context, BuyDomainOrder order)
    {
        try
        {
            return await context.CallActivityAsync(DomainPurchases.Attach, order);
        }
        catch (TaskFailedException failure)
        {
            return new PurchaseAttached(null, $"The domain was bought, and tenant '{order.Tenant}' does not have it: {failure.Reason}");
        }
    }
}

/// <summary>A domain was not registered; the message says why, and whether an order stands.</summary>
public sealed class DomainNotBoughtException(string message) : Exception(message);
