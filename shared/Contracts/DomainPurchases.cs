using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>An amount of money, as the registrar states it.</summary>
/// <param name="Amount">Without tax.</param>
/// <param name="Currency">Three letters, such as <c>EUR</c>.</param>
public sealed record Price(decimal Amount, string Currency)
{
    /// <summary>Why something at this price must not be bought, in words; null if it may.</summary>
    public string? RefusalAbove(Price limit)
    {
        ArgumentNullException.ThrowIfNull(limit);
        return Currency != limit.Currency ? $"the price is {this}, and the limit is in {limit.Currency}"
            : Amount > limit.Amount ? $"the price is {this}, which is above the limit of {limit}"
            : null;
    }

    /// <inheritdoc/>
    public override string ToString() => FormattableString.Invariant($"{Amount:0.00##} {Currency}");
}

/// <summary>A domain to buy.</summary>
public sealed record BuyDomainOrder
{
    public required long PurchaseId { get; init; }
    public required string JobId { get; init; }

    /// <summary>Lower case, in its ASCII form.</summary>
    public required string Name { get; init; }

    /// <summary>The most that may be paid.</summary>
    public required Price MaxPrice { get; init; }

    /// <summary>The tenant that gets the name as its own, or null.</summary>
    public string? Tenant { get; init; }

    /// <summary>When to look at the order first; later looks are further apart.</summary>
    public TimeSpan FirstLook { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long the registrar has to register the name.</summary>
    public TimeSpan WaitLimit { get; init; } = TimeSpan.FromDays(7);
}

/// <summary>How an order at a registrar stands.</summary>
/// <param name="State">One of the constants.</param>
/// <param name="Note">What it waits for, or why it failed, in words.</param>
public sealed record PurchaseStanding(string State, string? Note = null)
{
    /// <summary>The registrar has the order and has not finished it.</summary>
    public const string UnderWay = "under_way";

    /// <summary>The name is in our account.</summary>
    public const string Registered = "registered";

    /// <summary>The registrar gave the order up.</summary>
    public const string Failed = "failed";
}

/// <summary>What was given to a tenant of a name that was bought.</summary>
/// <param name="Job">The job that sets the name up, or null if there is none.</param>
/// <param name="Note">Why there is none, or what is to be done by hand, in words.</param>
public sealed record PurchaseAttached(string? Job, string? Note = null);

/// <summary>A domain that was bought.</summary>
public sealed record DomainBought
{
    public required string Name { get; init; }
    public required string Provider { get; init; }

    /// <summary>The registrar's own number of the order; null if the name was in the account already, and nothing was paid.</summary>
    public string? Reference { get; init; }

    /// <summary>What it was ordered for; null if nothing was.</summary>
    public Price? Price { get; init; }

    /// <summary>The job that gives it to the tenant.</summary>
    public string? AddDomainJob { get; init; }

    /// <summary>What is to be done by hand, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How a purchase ended: well, or with the reason why not.</summary>
public sealed record PurchaseEnd(BuyDomainOrder Order, PurchaseAttached? Attached, string? Reason);

/// <summary>Domains bought at a registrar.</summary>
public static class DomainPurchases
{
    private static readonly RetryPolicy Patient = new(12, TimeSpan.FromMilliseconds(500), 2, TimeSpan.FromMinutes(2));
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    /// <summary>Orders the name, unless it is in the account or on order there already; asks for the price once more before.</summary>
    public static readonly ActivityDefinition<BuyDomainOrder, Unit> Order = new("domain_purchases.order", Patient);

    /// <summary>Looks once how the order stands.</summary>
    public static readonly ActivityDefinition<BuyDomainOrder, PurchaseStanding> Look = new("domain_purchases.look", Patient);

    /// <summary>Opens the job that gives the name to the tenant, and sets its records in the registrar's zone.</summary>
    public static readonly ActivityDefinition<BuyDomainOrder, PurchaseAttached> Attach = new("domain_purchases.attach", Patient);
    public static readonly ActivityDefinition<PurchaseEnd, DomainBought> End = new("domain_purchases.end", Stubborn);
}
