using System.Globalization;
using Bibind.ControlPlane.Sessions;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>Somebody who is signed in at the console.</summary>
/// <param name="Id">The session's number.</param>
/// <param name="Actor">Who.</param>
/// <param name="Role">Their role.</param>
/// <param name="Source">What they signed in with: <c>oidc</c>, <c>token</c>, <c>api</c> (a token of the settings) or <c>local</c>.</param>
/// <param name="Address">Where from.</param>
/// <param name="CreatedAt">When.</param>
/// <param name="SeenAt">When they last did something, to the minute.</param>
/// <param name="EndsAt">When the session ends whatever happens.</param>
/// <param name="IsOwn">True for the session that asks.</param>
public sealed record ConsoleSessionView(
    long Id, string Actor, string Role, string Source, string? Address, DateTimeOffset CreatedAt, DateTimeOffset SeenAt, DateTimeOffset EndsAt, bool IsOwn);

/// <summary><c>/api/console-sessions</c>: who is signed in at the console.</summary>
internal static class ConsoleSessionsApi
{
    public static void MapConsoleSessions(this IEndpointRouteBuilder routes)
    {
        var sessions = routes.MapGroup("/api/console-sessions").WithTags("tokens").NeedsRole(Role.Admin);
        sessions.MapGet("/", ListAsync).Describe("listConsoleSessions", "Lists who is signed in at the console, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<ConsoleSessionView>>();
        sessions.MapDelete("/{id}", EndAsync).Describe("endConsoleSession", "Signs somebody out of the console")
            .Produces(StatusCodes.Status204NoContent).Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ConsoleSessionStore store, ConsoleSessions sessions)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var own = context.Caller().Session;
        return TypedResults.Ok(Paging.Show(
            await store.ListAsync(sessions.IdleLimit, page, context.RequestAborted),
            s => new ConsoleSessionView(s.Id, s.Actor, s.Role, s.Source, s.Address, s.CreatedAt, s.SeenAt, s.EndsAt, s.Id == own)));
    }

    private static async Task<IResult> EndAsync(HttpContext context, string id, ConsoleSessions sessions, ILogger<ConsoleSessions> logger)
    {
        if (!long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) || !await sessions.EndAsync(number, context.Caller().Name, context.RequestAborted))
        {
            throw new ProblemException(ProblemFactory.NotFound("There is no session with this id that is not over; GET /api/console-sessions lists them."));
        }

        Logs.SessionEnded(logger, context.Caller().Name, number);
        return TypedResults.NoContent();
    }
}
