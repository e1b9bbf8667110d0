using Bibind.ControlPlane.Sessions;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Antiforgery;

namespace Bibind.Functions.Http;

/// <summary><c>/console/sign-in</c> and <c>/console/sign-out</c>: how people come in with an operator's token, and go.</summary>
internal static class ConsoleSignInPages
{
    private const int LargestForm = 32 * 1024;
    private static readonly QueryParameter Return = new("return", "The page of the console to go to afterwards.");
    private static readonly QueryParameter Said = new("said", "What the page says.", ["signed-out"]);

    public static void MapConsoleSignIn(this IEndpointRouteBuilder routes)
    {
        routes.MapGet(ConsolePages.SignIn, ShowAsync).WithName("showSignIn").ExcludeFromDescription().WithMetadata(new QueryParameters([Return, Said]));
        routes.MapPost(ConsolePages.SignIn, SignInAsync).WithName("signIn").ExcludeFromDescription();
        routes.MapPost("/console/sign-out", SignOutAsync).WithName("signOut").ExcludeFromDescription().NeedsRole(Role.Viewer);
        routes.MapAuthorizationCode();
    }

    /// <summary>Begins a session, says so in log and audit, and goes to the page.</summary>
    internal static async Task<IResult> BeginAsync(
        HttpContext context, ConsoleSessions sessions, AuditTrail trail, ILogger logger, Caller caller, string path, long? tokenId = null, string? tokenLabel = null, string? idToken = null)
    {
        var address = trail.AddressOf(context)?.ToString();
        var inSession = await sessions.BeginAsync(context, caller, tokenId, tokenLabel, idToken, address, began => trail.AddSignInAsync(context, began));
        Logs.SignedIn(logger, caller.Name, caller.Role!.Value.ToName(), address, inSession.Session!.Value);
        return SeeOther(context, path);
    }

    /// <summary>The page again, with what went wrong.</summary>
    internal static async Task<IResult> RefuseAsync(HttpContext context, AuditTrail trail, ILogger logger, SignInPage page, Caller? caller, string reason, int status)
    {
        await trail.AddRefusedSignInAsync(context, caller, reason, status);
        Logs.SignInRefused(logger, trail.AddressOf(context)?.ToString(), reason);
        return (page with { Fault = reason }).Show(status);
    }

    /// <summary>Why somebody who is known may not come in all the same; null if they may.</summary>
    internal static string? FindRefusal(Caller caller) => caller switch
    {
        { Customer: not null } => "The console is for operators; this is a customer's.",
        { Role: null } => "You are known, and have none of the roles viewer, manager and admin here; ask an operator for one.",
        _ => null,
    };

    /// <summary>What the page shows, for this call.</summary>
    internal static SignInPage PageOf(HttpContext context, string path)
    {
        var services = context.RequestServices;
        var console = services.GetRequiredService<SignInOptions>().Console;
        var tokens = services.GetRequiredService<IAntiforgery>().GetAndStoreTokens(context);
        return new SignInPage(path, (tokens.FormFieldName, tokens.RequestToken!))
        {
            HasIssuer = console.Client is not null,
            IsLocal = console.LocalSignIn && services.GetRequiredService<ConsoleCookies>().IsFromThisMachine(context),
        };
    }

    internal static IResult SeeOther(HttpContext context, string address)
    {
        context.Response.Headers.Location = address;
        return TypedResults.StatusCode(StatusCodes.Status303SeeOther);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, ConsoleSessions sessions, ConsoleCookies cookies)
    {
        // Also a token that somebody puts there: it would stand in histories and logs.
        var query = new QueryReader(context);
        var said = query.Choice(Said.Name);
        query.ThrowIfAny();
        var path = ReturnPath.Of(context.Request.Query[Return.Name]);
        if (cookies.Read(context, ConsoleCookies.Session) is { } value && await sessions.FindAsync(value, context.RequestAborted) is not null)
        {
            return SeeOther(context, path);
        }

        return (PageOf(context, path) with { Note = said is null ? null : "You are signed out." }).Show(StatusCodes.Status200OK);
    }

    private static async Task<IResult> SignInAsync(
        HttpContext context, IAntiforgery antiforgery, ConsoleSessions sessions, SignInLimits limits, Callers callers, TokenUses uses, OperatorTokens made, AuditTrail trail,
        ILogger<ConsoleSessions> logger)
    {
        if (!context.Request.HasFormContentType)
        {
            throw new ProblemException(ProblemFactory.UnsupportedType("Send the form of the page."));
        }

        // Whoever makes a browser sign in here as somebody else would see what its owner does then.
        await ForgeryMiddleware.RequireAsync(context, antiforgery, LargestForm);
        var form = await context.Request.ReadFormAsync(context.RequestAborted);
        var page = PageOf(context, ReturnPath.Of(form["return"]));
        var address = trail.AddressOf(context);
        if (await limits.FindWaitAsync(address, context.RequestAborted) is { } wait)
        {
            var problem = ProblemFactory.TooMany("Too many sign-ins from your address were refused; wait a quarter of an hour.", wait);
            context.Response.Headers.RetryAfter = problem.Headers["Retry-After"];
            return (page with { Fault = problem.Detail }).Show(problem.Status);
        }

        if (page.IsLocal && form["local"] == "1")
        {
            return await BeginAsync(context, sessions, trail, logger, new Caller("local operator", Role.Admin) { Source = "local" }, page.Return);
        }

        var (caller, reason, tokenId, label) = await FindAsync(form["token"].ToString(), callers, uses, made, context.RequestAborted);
        reason ??= FindRefusal(caller!);
        if (reason is not null)
        {
            await limits.CountAsync(address, context.RequestAborted);
            return await RefuseAsync(context, trail, logger, page, caller, reason, StatusCodes.Status403Forbidden);
        }

        return await BeginAsync(context, sessions, trail, logger, caller!, page.Return, tokenId, label);
    }

    private static async Task<(Caller? Caller, string? Reason, long? TokenId, string? Label)> FindAsync(
        string token, Callers callers, TokenUses uses, OperatorTokens made, CancellationToken cancellationToken)
    {
        const string Unknown = "The token is unknown; ask an operator for a valid one.";
        token = token.Trim();
        if (callers.FindBearer(token) is { } found)
        {
            return uses.Accept(found.Name) ? (found.Owner, null, null, found.Name.Label) : (found.Owner, $"The token ended at {found.Name.NotAfter:u}; ask an operator for the one that replaced it.", null, null);
        }

        if (!OperatorTokens.IsOne(token))
        {
            return (null, Unknown, null, null);
        }

        try
        {
            var operators = await made.GetAsync(token, cancellationToken);
            return (OperatorTokens.CallerOf(operators), null, operators.Id, null);
        }
        catch (TokenRefusedException refused)
        {
            return (null, refused.Message, null, null);
        }
    }

    private static async Task<IResult> SignOutAsync(HttpContext context, ConsoleSessions sessions, ConsoleSessionStore store, ConsoleCookies cookies, AuthorizationCodeFlow flow, ILogger<ConsoleSessions> logger)
    {
        var caller = context.Caller();
        if (caller.Session is not { } session)
        {
            throw new ProblemException(ProblemFactory.Forbidden("viewer") with { Detail = "There is no session of the console to end: the call has a token." });
        }

        var elsewhere = await flow.FindSignOutAsync(context, await store.FindIdTokenAsync(session, context.RequestAborted));
        await sessions.EndAsync(session, caller.Name, context.RequestAborted);
        cookies.Remove(context, ConsoleCookies.Session);
        Logs.SessionEnded(logger, caller.Name, session);
        return SeeOther(context, elsewhere ?? $"{ConsolePages.SignIn}?said=signed-out");
    }
}
