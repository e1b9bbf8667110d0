using Bibind.ControlPlane.Sessions;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;

namespace Bibind.Functions.Http;

/// <summary>How a program signs people in at the issuer.</summary>
/// <param name="Issuer">The issuer; null if nobody signs in at one: then there are tokens of the settings and those that operators make.</param>
/// <param name="ClientId">The command line's account there; null if it has none.</param>
/// <param name="Scopes">What to ask for, separated by blanks.</param>
/// <param name="Audience">What the access token must be meant for.</param>
/// <param name="DeviceAuthorizationEndpoint">Where the device flow (RFC 8628) begins; null if the issuer has none, or does not answer for the moment.</param>
/// <param name="TokenEndpoint">Where tokens are asked for; null if the issuer does not answer for the moment.</param>
public sealed record SignInDirections(string? Issuer, string? ClientId, string? Scopes, string? Audience, string? DeviceAuthorizationEndpoint, string? TokenEndpoint);

/// <summary><c>/console/sign-in/start</c> and <c>/console/callback</c>: to the issuer and back; <c>/api/sign-in</c>: where the issuer is.</summary>
internal static class AuthorizationCodePages
{
    public static void MapAuthorizationCode(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/console/sign-in/start", StartAsync).WithName("startSignIn").ExcludeFromDescription();
        routes.MapGet(AuthorizationCodeFlow.Callback, EndAsync).WithName("endSignIn").ExcludeFromDescription();
        routes.MapGet("/api/sign-in", TellAsync).WithTags("tokens").WithMetadata(new NeedsNoDatabase())
            .Describe("getSignIn", "Tells programs where and how people sign in").TakesQuery().Answers<SignInDirections>();
    }

    private static async Task<IResult> StartAsync(HttpContext context, AuthorizationCodeFlow flow)
    {
        Require(flow);
        return ConsoleSignInPages.SeeOther(context, await flow.StartAsync(context, ReturnPath.Of(context.Request.Query["return"])));
    }

    private static async Task<IResult> EndAsync(
        HttpContext context, AuthorizationCodeFlow flow, ConsoleSessions sessions, SignInLimits limits, AuditTrail trail, ILogger<ConsoleSessions> logger)
    {
        Require(flow);
        var address = trail.AddressOf(context);
        if (await limits.FindWaitAsync(address, context.RequestAborted) is { } wait)
        {
            throw new ProblemException(ProblemFactory.TooMany("Too many sign-ins from your address were refused; wait a quarter of an hour.", wait));
        }

        var end = await flow.EndAsync(context);
        var refusal = end.Refusal ?? ConsoleSignInPages.FindRefusal(end.Caller!);
        if (refusal is null)
        {
            return await ConsoleSignInPages.BeginAsync(context, sessions, trail, logger, end.Caller!, end.Path, idToken: end.IdToken);
        }

        await limits.CountAsync(address, context.RequestAborted);
        return await ConsoleSignInPages.RefuseAsync(
            context, trail, logger, ConsoleSignInPages.PageOf(context, end.Path), end.Caller, refusal, StatusCodes.Status403Forbidden);
    }

    private static async Task<IResult> TellAsync(HttpContext context, SignInOptions options, IServiceProvider services)
    {
        new QueryReader(context).ThrowIfAny();
        OpenIdConnectConfiguration? issuer = null;
        try
        {
            issuer = options.Issuer is null ? null : await services.GetRequiredService<IssuerKeys>().GetConfigurationAsync(context.RequestAborted);
        }
        catch (ProblemException)
        {
            // It is said where it is; whoever goes there sees that it is away.
        }

        return TypedResults.Ok(new SignInDirections(
            options.IssuerName, options.Cli?.Id, options.Cli?.Scopes, options.Issuer is null ? null : options.Audience,
            issuer?.DeviceAuthorizationEndpoint is { Length: > 0 } device ? device : null, issuer?.TokenEndpoint));
    }

    private static void Require(AuthorizationCodeFlow flow)
    {
        if (!flow.IsThere)
        {
            throw new ProblemException(ProblemFactory.NotFound("Nobody signs in at an issuer here: Auth__Console__ClientId is not set. Sign in with a token."));
        }
    }
}
