using Bibind.Functions.Problems;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Authorization.Policy;

namespace Bibind.Functions.Security;

/// <summary>A role, and for customers' tokens an endpoint that is open to them.</summary>
/// <param name="Role">The least role.</param>
internal sealed record AccessRequirement(Role Role) : IAuthorizationRequirement;

/// <summary>Decides who may call an endpoint, before anything of the body is read.</summary>
internal sealed class AccessHandler : AuthorizationHandler<AccessRequirement>
{
    protected override Task HandleRequirementAsync(AuthorizationHandlerContext context, AccessRequirement requirement)
    {
        if (CallerIdentity.Of(context.User) is { } caller && caller.Role >= requirement.Role
            && context.Resource is HttpContext request && (caller.Customer is null || IsOpenToCustomers(request)))
        {
            context.Succeed(requirement);
        }

        return Task.CompletedTask;
    }

    public static bool IsOpenToCustomers(HttpContext context) => context.GetEndpoint()?.Metadata.GetMetadata<CustomerAccess>() is not null;
}

/// <summary>Answers those who may not call with the API's own problems.</summary>
internal sealed class AccessProblems(AuditTrail trail) : IAuthorizationMiddlewareResultHandler
{
    public async Task HandleAsync(RequestDelegate next, HttpContext context, AuthorizationPolicy policy, PolicyAuthorizationResult authorizeResult)
    {
        if (authorizeResult.Succeeded)
        {
            await next(context);
            return;
        }

        if (authorizeResult.Challenged)
        {
            if (ConsolePages.SendToSignIn(context))
            {
                return;
            }

            var result = await context.AuthenticateAsync(SignIn.Scheme);
            throw result.Failure as ProblemException ?? new ProblemException(result.None
                ? ProblemFactory.Unauthorized("Send the header Authorization: Bearer <token>.")
                : ProblemFactory.InvalidToken(JwtScheme.Explain(result.Failure)));
        }

        await trail.AddRefusalAsync(context, StatusCodes.Status403Forbidden);
        throw new ProblemException(context.Caller().Customer is not null && !AccessHandler.IsOpenToCustomers(context)
            ? ProblemFactory.NotForCustomers
            : ProblemFactory.Forbidden(context.GetEndpoint()!.Metadata.GetMetadata<RequiredRole>()!.Name));
    }
}
