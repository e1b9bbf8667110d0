namespace Bibind.Functions.Security;

/// <summary>The role that an endpoint needs; without it an endpoint is open to everybody.</summary>
/// <param name="Role">The least role.</param>
public sealed record RequiredRole(Role Role)
{
    /// <summary>As the settings and the API write it.</summary>
    public string Name => Role.ToName();
}

/// <summary>What a customer's token reaches at an endpoint.</summary>
public enum CustomerReach
{
    /// <summary>The endpoint filters what it shows, or takes, by <see cref="Caller.Customer"/>.</summary>
    Filtered,

    /// <summary>The tenant whose code is the route's <c>code</c>, if it is the customer's.</summary>
    OwnTenant,

    /// <summary>The job whose id is the route's <c>id</c>, if it is about a tenant of the customer's.</summary>
    OwnJob,

    /// <summary>The backup whose id is the route's <c>id</c>, if it is of a tenant of the customer's.</summary>
    OwnBackup,

    /// <summary>The token whose number is the route's <c>id</c>, if it is the customer's.</summary>
    OwnToken,

    /// <summary>What belongs to the customer whose code is the route's <c>code</c>, if that is who calls.</summary>
    OwnCustomer,
}

/// <summary>Opens an endpoint to customers' tokens; all others are closed to them.</summary>
/// <param name="Reach">What they reach.</param>
public sealed record CustomerAccess(CustomerReach Reach);

/// <summary>Marks endpoints and finds their callers.</summary>
public static class Access
{
    /// <summary>Lets in callers with the role or a higher one; of customers' tokens none, unless <see cref="OpenToCustomers"/> says so.</summary>
    public static TBuilder NeedsRole<TBuilder>(this TBuilder endpoint, Role role)
        where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new RequiredRole(role)).RequireAuthorization(SignIn.PolicyOf(role));

    /// <summary>Lets in customers' tokens, too, as far as they reach.</summary>
    public static TBuilder OpenToCustomers<TBuilder>(this TBuilder endpoint, CustomerReach reach)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new CustomerAccess(reach));

    /// <summary>Who calls.</summary>
    public static Caller Caller(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return CallerIdentity.Of(context.User)
            ?? throw new InvalidOperationException("The endpoint needs no role, so nobody was authenticated.");
    }
}
