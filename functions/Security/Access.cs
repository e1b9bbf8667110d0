using Bibind.Functions.Problems;

namespace Bibind.Functions.Security;

/// <summary>The role that an endpoint needs; without it an endpoint is open to everybody.</summary>
/// <param name="Role">The least role.</param>
public sealed record RequiredRole(Role Role)
{
    /// <summary>As the settings and the API write it.</summary>
    public string Name => Role.ToString().ToLowerInvariant();
}

/// <summary>Marks endpoints and finds their callers.</summary>
public static class Access
{
    /// <summary>Lets in callers with the role or a higher one.</summary>
    public static TBuilder NeedsRole<TBuilder>(this TBuilder endpoint, Role role)
        where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new RequiredRole(role));

    /// <summary>Who calls.</summary>
    public static Caller Caller(this HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<Caller>()
            ?? throw new InvalidOperationException("The endpoint needs no role, so nobody was authenticated.");
    }
}

/// <summary>Checks the bearer token of calls to endpoints that need a role, before anything of the body is read.</summary>
internal sealed class AccessMiddleware(RequestDelegate next, Callers callers)
{
    private const string Scheme = "Bearer ";

    public Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RequiredRole>() is not { } required)
        {
            return next(context);
        }

        var caller = Authenticate(context);
        if (caller.Role < required.Role)
        {
            throw new ProblemException(Refusals.Forbidden(required.Name));
        }

        context.Features.Set(caller);
        return next(context);
    }

    private Caller Authenticate(HttpContext context)
    {
        var header = context.Request.Headers.Authorization;
        if (header.Count != 1 || header[0] is not { } credentials || !credentials.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException(Refusals.Unauthorized("Send the header Authorization: Bearer <token>."));
        }

        return callers.FindBearer(credentials[Scheme.Length..].Trim())
            ?? throw new ProblemException(Refusals.Unauthorized("The token is unknown; ask an operator for a valid one."));
    }
}
