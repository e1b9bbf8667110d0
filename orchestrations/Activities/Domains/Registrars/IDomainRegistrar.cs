using Bibind.Contracts;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>Whether a domain can be bought.</summary>
/// <param name="Reason">Why not, in words.</param>
/// <param name="Price">Of the first year; set if it can be bought.</param>
public sealed record DomainOffer(bool IsAvailable, string? Reason, Price? Price);

/// <summary>An order that a registrar has.</summary>
/// <param name="Reference">Its number; null where the name is in the account without one.</param>
/// <param name="Price">What it was placed for, if this was seen.</param>
public sealed record RegistrarOrder(string? Reference, Price? Price);

/// <summary>Sells domains for a year each. No registrar has a key that makes an order idempotent: who orders looks before.</summary>
public interface IDomainRegistrar
{
    /// <summary>One of <see cref="RegistrarProviders"/>.</summary>
    string Provider { get; }

    /// <summary>Asks whether a domain can be bought, and for how much.</summary>
    Task<DomainOffer> OfferAsync(string name, CancellationToken cancellationToken);

    /// <summary>The order of a domain that is under way or done, or the domain in our account; null if there is neither.</summary>
    /// <param name="name">The domain.</param>
    /// <param name="since">Orders before that are not looked for.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<RegistrarOrder?> FindAsync(string name, DateTimeOffset since, CancellationToken cancellationToken);

    /// <summary>Makes everything ready that can be without paying.</summary>
    /// <param name="name">The domain.</param>
    /// <param name="former">What a former attempt made ready, or null; it is taken up if it can be.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <returns>Its name at the registrar, which is kept before <see cref="OrderAsync"/>.</returns>
    Task<string> PrepareAsync(string name, string? former, CancellationToken cancellationToken);

    /// <summary>Orders what was made ready; the same preparation is ordered once, however often this is called.</summary>
    /// <exception cref="Durable.PermanentFailureException">The price is above the limit, or the registrar refuses; nothing was ordered.</exception>
    Task<RegistrarOrder> OrderAsync(string name, string preparation, DomainOffer offer, Price limit, CancellationToken cancellationToken);

    /// <summary>How an order stands.</summary>
    Task<PurchaseStanding> LookAsync(string name, string? reference, CancellationToken cancellationToken);
}

/// <summary>The names of the providers in <c>Domains__Registrar__Provider</c>.</summary>
public static class RegistrarProviders
{
    public const string None = "none";
    public const string Ovh = "ovh";
    public const string Route53 = "route53";
}
