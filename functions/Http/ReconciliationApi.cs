using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary>A way in which a tenant is not as it is to be, or was not.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Kind">What differs, such as <c>suspended-served</c>.</param>
/// <param name="Tenant">The tenant's code.</param>
/// <param name="TenantId">Tells tenants of before apart that had the same code.</param>
/// <param name="Subject">Of what: a host name, a database, a bucket; the tenant's code where it is the tenant as a whole.</param>
/// <param name="State"><c>open</c> or <c>closed</c> (not seen any more).</param>
/// <param name="Since">When it was seen first.</param>
/// <param name="LastSeen">When it was seen last.</param>
/// <param name="Seen">What was seen, in words.</param>
/// <param name="IsRepairable">True if it is repaired by itself.</param>
/// <param name="RepairAttempts">How often that was tried.</param>
/// <param name="RepairedAt">When it was repaired last; null if it was not.</param>
/// <param name="Reason">Why it is not repaired, in words.</param>
/// <param name="Remedy">What a person does about it.</param>
/// <param name="ClosedAt">When a look did not see it any more.</param>
public sealed record FindingView(
    long Id, string Kind, string Tenant, long TenantId, string Subject, string State, DateTimeOffset Since, DateTimeOffset LastSeen, string Seen,
    bool IsRepairable, int RepairAttempts, DateTimeOffset? RepairedAt, string? Reason, string Remedy, DateTimeOffset? ClosedAt)
{
    /// <summary>From a row.</summary>
    public static FindingView Of(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        var kind = FindingKinds.Of(finding.Kind);
        return new FindingView(
            finding.Id, finding.Kind, finding.Tenant, finding.TenantId, finding.Subject, finding.ClosedAt is null ? FindingStates.Open : FindingStates.Closed,
            finding.FirstSeenAt, finding.LastSeenAt, finding.Seen, kind.IsRepaired, finding.RepairAttempts, finding.RepairedAt,
            finding.Reason ?? (kind.IsRepaired || finding.ClosedAt is not null ? null : "It is never repaired by itself."), ReconciliationFindings.RemedyOf(finding), finding.ClosedAt);
    }
}

/// <summary>An order to compare tenants with what there is of them.</summary>
public sealed record RunReconciliation
{
    /// <summary>The code of the only tenant to look at; all unless given.</summary>
    public string? Tenant { get; init; }
}

/// <summary>What is looked at.</summary>
/// <param name="Tenants">How many tenants are due now; the next round, within a minute, begins with them.</param>
public sealed record ReconciliationAccepted(int Tenants);

/// <summary><c>/api/reconciliation</c>: where billing's view, tenants and infrastructure differ.</summary>
internal static class ReconciliationApi
{
    private static readonly QueryParameter Tenant = new("tenant", "Only findings of the tenant with this code.");
    private static readonly QueryParameter Kind = new("kind", "Only findings of this kind.", FindingKinds.Names);
    private static readonly QueryParameter State = new("state", "Only findings in this state.", FindingStates.All);

    public static void MapReconciliation(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/reconciliation", ListAsync).WithTags("reconciliation").NeedsRole(Role.Viewer)
            .Describe("listReconciliation", "Lists where tenants differ from what they are to be, newest first, with what was repaired and what to do about the rest")
            .TakesQuery(Tenant, Kind, State, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<FindingView>>();
        routes.MapPost("/api/reconciliation/run", RunAsync).WithTags("reconciliation").NeedsRole(Role.Manager)
            .Describe("runReconciliation", "Compares one tenant, or all of them, with what there is of them, within a minute")
            .Takes<RunReconciliation>().Answers<ReconciliationAccepted>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ReconciliationViews views)
    {
        var query = new QueryReader(context);
        var filter = new FindingFilter { Tenant = query.Code(Tenant.Name), Kind = query.Choice(Kind.Name), State = query.Choice(State.Name) };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await views.ListAsync(filter, page, context.RequestAborted), FindingView.Of));
    }

    private static async Task<IResult> RunAsync(HttpContext context, ReconciliationRounds rounds, TenantStore tenants, IOptions<ReconciliationOptions> options)
    {
        var command = await CommandReader.ReadAsync<RunReconciliation>(context, (given, _) => Task.FromResult(FindWrong(given)));
        if (!options.Value.Enabled)
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "reconciliation-off", "Reconciliation is switched off", "Nothing is compared on this host: set Reconciliation__Enabled=true and start it again."));
        }

        var tenant = command.Tenant is { } code
            ? await tenants.FindAsync(code, context.RequestAborted) ?? throw new ProblemException(ProblemFactory.NoSuchTenant)
            : null;
        return TypedResults.Accepted("/api/reconciliation", new ReconciliationAccepted(await rounds.HurryAsync(tenant?.Id, context.RequestAborted)));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(RunReconciliation given)
    {
        var errors = new FieldErrors();
        if (given.Tenant is { } code && !Codes.IsPlausible(code))
        {
            errors.Add("tenant", "must be the code of a tenant; GET /api/tenants lists them");
        }

        return errors.ToDictionary();
    }
}
