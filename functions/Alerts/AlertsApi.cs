using Bibind.ControlPlane.Alerts;
using Bibind.Functions.Http;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Alerts;

/// <summary>Something that is wrong, or was.</summary>
/// <param name="Id">Its number.</param>
/// <param name="Kind">One of <see cref="AlertKinds"/>; docs/alerts.md says of each what to do.</param>
/// <param name="Subject">Of what: a server's code, a host name, a kind of job and what it is about.</param>
/// <param name="Severity"><c>warning</c> or <c>critical</c>.</param>
/// <param name="State"><c>open</c> or <c>closed</c>.</param>
/// <param name="Reason">What is wrong, in words, as it was seen last.</param>
/// <param name="Since">When it was seen first.</param>
/// <param name="SeenAt">When it was seen last.</param>
/// <param name="RaisedAt">When people were told of it.</param>
/// <param name="ClosedAt">When it was over.</param>
public sealed record AlertView(
    long Id, string Kind, string Subject, string Severity, string State, string Reason, DateTimeOffset Since, DateTimeOffset SeenAt, DateTimeOffset RaisedAt, DateTimeOffset? ClosedAt);

/// <summary><c>/api/alerts</c>: what is wrong; and <c>/status</c>, which tells everybody whether something is.</summary>
internal static class AlertsApi
{
    private static readonly QueryParameter Kind = new("kind", "Only alerts of this kind.", AlertKinds.All);
    private static readonly QueryParameter State = new("state", "Only alerts in this state.", AlertStates.All);

    public static void MapAlerts(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/alerts", ListAsync).WithTags("alerts").NeedsRole(Role.Viewer)
            .Describe("listAlerts", "Lists what is wrong, and what was, newest first: one alert for each cause").TakesQuery(Kind, State, QueryParameter.Page, QueryParameter.PageSize)
            .Answers<ListResponse<AlertView>>();
        routes.MapGet("/status", StatusAsync).WithTags("health").Describe("status", "Says whether all works; open to everybody where the settings say so")
            .Answers<StatusView>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, AlertStore alerts)
    {
        var query = new QueryReader(context);
        var kind = query.Choice(Kind.Name);
        var state = query.Choice(State.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await alerts.ListAsync(kind, state is null ? null : state == AlertStates.Open, page, context.RequestAborted), Show));
    }

    private static async Task<IResult> StatusAsync(HttpContext context, StatusPage page, IOptions<AlertOptions> options)
    {
        if (!options.Value.StatusPage)
        {
            throw new ProblemException(ProblemFactory.NotFound("There is no status page here; Alerts__StatusPage opens it."));
        }

        var status = await page.ReadAsync(context.RequestAborted);
        context.Response.Headers.CacheControl = "public, max-age=15";
        return context.Request.GetTypedHeaders().Accept.Any(a => a.MediaType == "text/html")
            ? TypedResults.Content(StatusPage.Show(status), "text/html; charset=utf-8")
            : TypedResults.Ok(status);
    }

    private static AlertView Show(Alert alert) => new(
        alert.Id, alert.Kind, alert.Subject, alert.Severity, alert.ClosedAt is null ? AlertStates.Open : AlertStates.Closed, SecretText.Show(alert.Reason), alert.FirstSeenAt, alert.SeenAt,
        alert.RaisedAt, alert.ClosedAt);
}
