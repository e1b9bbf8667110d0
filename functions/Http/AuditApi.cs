using Bibind.ControlPlane.Audit;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>What somebody did.</summary>
/// <param name="Id">The row's number.</param>
/// <param name="At">When it began.</param>
/// <param name="Actor">Who.</param>
/// <param name="Role">Their role; null if they were not let in.</param>
/// <param name="Customer">The customer whose caller it was; null for operators.</param>
/// <param name="Source">How they are known: <c>api</c> (a token of the settings), <c>token</c>, <c>oidc</c>, <c>local</c>, <c>link</c> (of a letter), or <c>none</c>.</param>
/// <param name="Session">The console's session; null for calls with a token.</param>
/// <param name="Address">Where from.</param>
/// <param name="Action">The method and the pattern of the route, or <c>sign-in</c>.</param>
/// <param name="Path">The path that was called.</param>
/// <param name="Subject">What it was about, such as a tenant's code.</param>
/// <param name="Reason">Why, as they said; for a refused sign-in, why it was refused.</param>
/// <param name="TraceId">Finds the call in the logs.</param>
public sealed record AuditView(
    long Id, DateTimeOffset At, string Actor, string? Role, string? Customer, string Source, long? Session, string? Address, string Action, string? Path, string? Subject, string? Reason, string? TraceId)
{
    /// <summary><c>done</c>, <c>refused</c> (4xx), <c>failed</c> (5xx), or <c>unknown</c>: nobody has seen the end, as after a crash.</summary>
    public required string Result { get; init; }

    /// <summary>The status of the answer; null if nobody has seen the end.</summary>
    public required int? Status { get; init; }

    /// <summary>When it was answered.</summary>
    public required DateTimeOffset? DoneAt { get; init; }

    internal static AuditView Of(AuditRow row) => new(
        row.Id, row.At, row.Actor, row.Role, row.Customer, row.Source, row.Session, row.Address, row.Action, row.Path, row.Subject, row.Reason, row.TraceId)
    {
        Result = row.Status switch
        {
            null => "unknown",
            >= 500 => "failed",
            >= 400 => "refused",
            _ => "done",
        },
        Status = row.Status,
        DoneAt = row.DoneAt,
    };
}

/// <summary>A page of the audit.</summary>
/// <param name="Items">The rows of this page, newest first.</param>
/// <param name="Total">Rows in all pages; counted up to 10,000.</param>
/// <param name="Page">This page, from 1.</param>
/// <param name="PageSize">Rows a page.</param>
/// <param name="IsCounted">False if there are more rows than were counted: narrow them by <c>from</c> and <c>to</c>.</param>
public sealed record AuditResponse(IReadOnlyList<AuditView> Items, long Total, int Page, int PageSize, bool IsCounted);

/// <summary><c>/api/audit</c>: who changed what.</summary>
internal static class AuditApi
{
    private static readonly QueryParameter Who = new("who", "Only what this caller did.");
    private static readonly QueryParameter Subject = new("subject", "Only what was about this, such as a tenant's code.");
    private static readonly QueryParameter From = new("from", "Only from this day or moment (UTC) on.");
    private static readonly QueryParameter To = new("to", "Only before this day or moment (UTC).");
    private static readonly QueryParameter Unfinished = new("unfinished", "true: only what nobody has seen the end of.", ["true", "false"]);

    public static void MapAudit(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/audit", ListAsync).WithTags("audit").NeedsRole(Role.Admin)
            .Describe("listAudit", "Lists who changed what, newest first").TakesQuery(Who, Subject, From, To, Unfinished, QueryParameter.Page, QueryParameter.PageSize)
            .Answers<AuditResponse>();

    private static async Task<IResult> ListAsync(HttpContext context, AuditStore store)
    {
        var query = new QueryReader(context);
        var filter = new AuditFilter
        {
            Actor = query.Words(Who.Name, 200),
            Subject = query.Words(Subject.Name, 200),
            From = query.Moment(From.Name),
            To = query.Moment(To.Name),
            Unfinished = query.Choice(Unfinished.Name) == "true",
        };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        if ((long)page.Number * page.Size > AuditStore.MostCounted)
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]>
            {
                ["page"] = [$"leads beyond {AuditStore.MostCounted} rows; set to to the moment of the last row that was shown"],
            }));
        }

        var found = await store.ListAsync(filter, page, context.RequestAborted);
        return TypedResults.Ok(new AuditResponse([.. found.Rows.Select(AuditView.Of)], found.Total, page.Number, page.Size, found.IsCounted));
    }
}
