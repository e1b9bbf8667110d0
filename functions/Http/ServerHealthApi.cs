using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Bibind.Functions.Servers;

namespace Bibind.Functions.Http;

/// <summary>How servers are, and who is on them.</summary>
internal static class ServerHealthApi
{
    private static readonly QueryParameter Open = new("open", "true (unless given): only alerts that are not over; false: all of them.", ["true", "false"]);

    public static void MapServerHealth(this RouteGroupBuilder servers)
    {
        servers.MapGet("/{code}/health", ListChecksAsync).NeedsRole(Role.Viewer)
            .Describe("listServerChecks", "Lists the checks of a server's health with what they measured, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<ServerCheckView>>().Refuses(StatusCodes.Status404NotFound);
        servers.MapPost("/{code}/health", CheckNowAsync).NeedsRole(Role.Manager)
            .Describe("checkServerHealth", "Checks a server's health now; the result counts as that of the timer does")
            .Answers<ServerView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        servers.MapGet("/alerts", ListAlertsAsync).NeedsRole(Role.Viewer).Describe("listServerAlerts", "Lists alerts about servers, newest first")
            .TakesQuery(Open, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<ServerAlertView>>();
        servers.MapGet("/{code}/tenants", ListTenantsAsync).NeedsRole(Role.Viewer)
            .Describe("listServerTenants", "Lists the tenants that are or were on a server, newest first")
            .TakesQuery(TenantState, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TenantView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static QueryParameter TenantState { get; } = new("state", "Only tenants in this state.", TenantStates.All);

    private static async Task<IResult> ListChecksAsync(HttpContext context, string code, ServerStore servers, ServerHealthStore health)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(await health.ListAsync(server.Id, page, context.RequestAborted), ServerCheckView.Of));
    }

    private static async Task<IResult> CheckNowAsync(HttpContext context, string code, ServerStore servers, ServerHealthRound round)
    {
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        if (server.State is ServerStates.Draft or ServerStates.Disabled)
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "server-state", "The server's state does not allow it",
                $"Server '{code}' is {server.State}: its health is not watched. GET /api/servers/{code}/check tests the connection."));
        }

        await round.CheckNowAsync(server, context.RequestAborted);
        return ServersApi.Answer(context, await ServersApi.GetAsync(code, servers, context.RequestAborted));
    }

    private static async Task<IResult> ListAlertsAsync(HttpContext context, ServerHealthStore health)
    {
        var query = new QueryReader(context);
        var openOnly = query.Flag(Open.Name, otherwise: true);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await health.ListAlertsAsync(openOnly, page, context.RequestAborted), ServerAlertView.Of));
    }

    private static async Task<IResult> ListTenantsAsync(HttpContext context, string code, ServerStore servers, TenantStore tenants, PendingItems pending)
    {
        var query = new QueryReader(context);
        var state = query.Choice(TenantState.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var server = await ServersApi.GetAsync(code, servers, context.RequestAborted);
        var found = await tenants.ListAsync(new TenantFilter { ServerCode = server.Code, State = state }, page, context.RequestAborted);
        var items = await pending.OfAsync([.. found.Items.Select(t => t.Id)], context.RequestAborted);
        return TypedResults.Ok(Paging.Show(found, tenant => TenantView.Of(tenant, items[tenant.Id])));
    }
}
