using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>
/// Orders a domain once, whatever happens: looks whether it is there or on order, keeps what is made ready before it is
/// ordered, and notes the attempt, after which "not available" may mean that it is ours.
/// </summary>
public sealed class OrderDomain(IDomainRegistrar registrar, DomainPurchaseStore purchases, ILogger<OrderDomain> logger) : TaskActivity<BuyDomainOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, BuyDomainOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var purchase = await purchases.GetAsync(order.PurchaseId, cancellationToken);
        if (purchase.State != "ordering")
        {
            return Unit.Value;
        }

        var placed = await registrar.FindAsync(order.Name, purchase.Since, cancellationToken);
        if (placed is null)
        {
            placed = await PlaceAsync(order, purchase, cancellationToken);
            logger.DomainOrdered(order.Name, registrar.Provider, placed.Reference ?? "-", order.MaxPrice.ToString());
        }

        await purchases.NoteOrderedAsync(purchase.Id, placed.Reference, placed.Price, cancellationToken);
        return Unit.Value;
    }

    private async Task<RegistrarOrder> PlaceAsync(BuyDomainOrder order, DomainPurchase purchase, CancellationToken cancellationToken)
    {
        var offer = await registrar.OfferAsync(order.Name, cancellationToken);
        if (!offer.IsAvailable)
        {
            throw purchase.AttemptedAt is null
                ? new PermanentFailureException($"The domain was not ordered: {offer.Reason}")
                : new TransientFailureException($"The domain may have been ordered, and the registrar lists no order yet: {offer.Reason}");
        }

        if (offer.Price!.RefusalAbove(order.MaxPrice) is { } refusal)
        {
            throw new PermanentFailureException($"The domain '{order.Name}' was not ordered: {refusal}.");
        }

        var prepared = await registrar.PrepareAsync(order.Name, purchase.Preparation, cancellationToken);
        prepared = await purchases.KeepPreparationAsync(purchase.Id, purchase.Preparation, prepared, cancellationToken);
        await purchases.NoteAttemptAsync(purchase.Id, cancellationToken);
        return await registrar.OrderAsync(order.Name, prepared, offer, order.MaxPrice, cancellationToken);
    }
}

/// <summary>Looks once how an order stands.</summary>
public sealed class LookAtPurchase(IDomainRegistrar registrar, DomainPurchaseStore purchases) : TaskActivity<BuyDomainOrder, PurchaseStanding>
{
    /// <inheritdoc/>
    public override async Task<PurchaseStanding> RunAsync(TaskActivityContext context, BuyDomainOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var purchase = await purchases.GetAsync(order.PurchaseId, context.CancellationToken);
        return await registrar.LookAsync(order.Name, purchase.Reference, context.CancellationToken);
    }
}

/// <summary>Ends a purchase and its job.</summary>
public sealed class EndPurchase(DomainPurchaseStore purchases) : TaskActivity<PurchaseEnd, DomainBought>
{
    /// <inheritdoc/>
    public override Task<DomainBought> RunAsync(TaskActivityContext context, PurchaseEnd input)
    {
        ArgumentNullException.ThrowIfNull(context);
        return purchases.EndAsync(input, context.CancellationToken);
    }
}
