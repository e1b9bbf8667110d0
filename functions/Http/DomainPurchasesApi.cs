using System.Text.RegularExpressions;
using Bibind.Activities.Domains.Registrars;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary>The most that may be paid.</summary>
public sealed record PriceLimit
{
    /// <summary>Without tax.</summary>
    public required decimal Amount { get; init; }

    /// <summary>The registrar's, such as <c>EUR</c>.</summary>
    public required string Currency { get; init; }
}

/// <summary>An order of a domain that nobody owns yet. It costs money and cannot be undone.</summary>
public sealed record BuyDomainCommand
{
    /// <summary>Such as <c>example.com</c>; international names in their ASCII form.</summary>
    public required string Name { get; init; }

    /// <summary>The name once more.</summary>
    public required string Confirm { get; init; }
    public required PriceLimit MaxPrice { get; init; }

    /// <summary>Code of the tenant that gets the name as its own.</summary>
    public string? Tenant { get; init; }
}

/// <summary>Whether a domain can be bought.</summary>
public sealed record AvailabilityView
{
    public required string Name { get; init; }

    /// <summary>The registrar that was asked.</summary>
    public required string Provider { get; init; }
    public required bool Available { get; init; }

    /// <summary>Why it is not available.</summary>
    public string? Reason { get; init; }

    /// <summary>Of the first period, without tax.</summary>
    public Price? Price { get; init; }

    /// <summary>What the price is for, as an ISO 8601 duration.</summary>
    public string? Period { get; init; }
}

/// <summary><c>/api/domains</c>: domains to buy.</summary>
internal static partial class DomainPurchasesApi
{
    private const string OneYear = "P1Y";
    private static readonly QueryParameter Name = new("name", "The domain, such as example.com.");

    public static void MapDomainPurchases(this IEndpointRouteBuilder routes)
    {
        var domains = routes.MapGroup("/api/domains").WithTags("domains");
        domains.MapGet("/availability", AskAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.Filtered)
            .Describe("getDomainAvailability", "Says whether a domain can be bought, and for how much").TakesQuery(Name)
            .Answers<AvailabilityView>().Refuses(StatusCodes.Status409Conflict);
        domains.MapPost("/purchases", BuyAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.Filtered).Describe("buyDomain", "Buys a domain at the registrar")
            .Takes<BuyDomainCommand>().TakesKey().Answers<PurchaseAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> AskAsync(
        HttpContext context, PurchaseOrdering ordering, IDomainRegistrar registrar, IOptions<PlatformOptions> platform)
    {
        new QueryReader(context).ThrowIfAny();
        var name = context.Request.Query["name"] is [{ Length: > 0 } one] ? DomainName.Fold(one) : string.Empty;
        if (DomainName.Refusal(name, platform.Value.Domain) is { } wrong)
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]> { ["name"] = [wrong] }));
        }

        var offer = await ordering.OfferAsync(name, context.RequestAborted);
        return TypedResults.Ok(new AvailabilityView
        {
            Name = name,
            Provider = registrar.Provider,
            Available = offer.IsAvailable,
            Reason = offer.Reason,
            Price = offer.Price,
            Period = offer.IsAvailable ? OneYear : null,
        });
    }

    private static async Task<IResult> BuyAsync(HttpContext context, PurchaseOrdering ordering, IOptions<PlatformOptions> platform)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<BuyDomainCommand>(
            context, (given, _) => Task.FromResult(FindWrong(given, platform.Value.Domain, context.Caller().Customer)));
        var name = DomainName.Fold(command.Name);
        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, "POST /api/domains/purchases", command);
        return await ordering.BuyAsync(
            name, new Price(command.MaxPrice.Amount, command.MaxPrice.Currency), command.Tenant, caller, request, context.RequestAborted);
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(BuyDomainCommand command, string platformDomain, string? customer)
    {
        var errors = new FieldErrors();
        if (command.Name is { } name && DomainName.Refusal(DomainName.Fold(name), platformDomain) is { } wrong)
        {
            errors.Add("name", wrong);
        }

        if (command.Confirm is { } confirm && !(command.Name is { } given && string.Equals(confirm, DomainName.Fold(given), StringComparison.OrdinalIgnoreCase)))
        {
            errors.Add("confirm", "must repeat the name: a purchase costs money and cannot be undone");
        }

        if (command.MaxPrice?.Amount is <= 0 or > 1_000_000)
        {
            errors.Add("maxPrice.amount", "must be more than 0 and at most 1000000");
        }

        if (command.MaxPrice?.Currency is { } currency && !Currency().IsMatch(currency))
        {
            errors.Add("maxPrice.currency", "must be three capital letters, such as EUR");
        }

        if (command.Tenant is { } tenant && !Codes.IsPlausible(tenant))
        {
            errors.Add("tenant", "must be the code of a tenant");
        }
        else if (command.Tenant is null && customer is not null)
        {
            errors.Add("tenant", "is missing: a customer buys a domain for a tenant of their own");
        }

        return errors.ToDictionary();
    }

    [GeneratedRegex(@"\A[A-Z]{3}\z")]
    private static partial Regex Currency();
}
