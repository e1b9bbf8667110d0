using System.Globalization;
using Bibind.ControlPlane.Notices;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>/api/notices</c>: what people were told, with every attempt.</summary>
internal static class NoticesApi
{
    private static readonly QueryParameter Kind = new("kind", "Only notices of this kind.", NoticeKinds.All);
    private static readonly QueryParameter Tenant = new("tenant", "Only notices about the tenant with this code.");
    private static readonly QueryParameter State = new("state", "Only notices with a delivery in this state; dead lists what was given up.", DeliveryStates.All);

    public static void MapNotices(this IEndpointRouteBuilder routes)
    {
        var notices = routes.MapGroup("/api/notices").WithTags("notices");
        notices.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listNotices", "Lists what customers and consoles are told, newest first")
            .TakesQuery(Kind, Tenant, State, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<NoticeView>>();
        notices.MapGet("/{id}", FindAsync).NeedsRole(Role.Viewer).Describe("getNotice", "Shows a notice with every attempt to deliver it")
            .Answers<NoticeDetails>().Refuses(StatusCodes.Status404NotFound);
        notices.MapPost("/{id}/resend", ResendAsync).NeedsRole(Role.Manager)
            .Describe("resendNotice", "Sends a notice again to everybody whom it was sent to, or could not be sent to")
            .Answers<NoticeView>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    /// <summary>A number in an address; null where none is.</summary>
    internal static long? NumberOf(string id) => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;

    private static async Task<IResult> ListAsync(HttpContext context, NoticeStore store)
    {
        var query = new QueryReader(context);
        var filter = new NoticeFilter { Kind = query.Choice(Kind.Name), Tenant = query.Code(Tenant.Name), State = query.Choice(State.Name) };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var notices = await store.ListAsync(filter, page, context.RequestAborted);
        var deliveries = await store.DeliveriesOfAsync([.. notices.Items.Select(n => n.Id)], context.RequestAborted);
        return TypedResults.Ok(Paging.Show(notices, notice => NoticeView.Of(notice, deliveries[notice.Id])));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, NoticeStore store, TimeProvider time)
    {
        var notice = await GetAsync(id, store, context.RequestAborted);
        var attempts = await store.AttemptsOfAsync(notice.Id, context.RequestAborted);
        var deliveries = (await store.DeliveriesOfAsync([notice.Id], context.RequestAborted))[notice.Id].ToList();
        var now = time.GetUtcNow();
        return TypedResults.Ok(new NoticeDetails(NoticeView.Of(notice, deliveries), [.. deliveries.Select(d => NoticeAttempts.Of(d, attempts[d.Id], now))]));
    }

    private static async Task<IResult> ResendAsync(HttpContext context, string id, NoticeStore store, ILogger<NoticeStore> logger)
    {
        var notice = await GetAsync(id, store, context.RequestAborted);
        if (await store.ResendAsync(notice.Id, context.RequestAborted) == ResendResult.NobodyToTell)
        {
            throw new ProblemException(ProblemFactory.Conflict(
                "nobody-to-tell", "There is nobody to tell",
                "No endpoint wanted this notice, and there is no address to e-mail it to: give the customer one (PATCH /api/customers/{code}), or set the mail server (Notices__Mail__Host)."));
        }

        Logs.NoticeSentAgain(logger, context.Caller().Name, notice.Id);
        var deliveries = await store.DeliveriesOfAsync([notice.Id], context.RequestAborted);
        return TypedResults.Accepted($"/api/notices/{notice.Id}", NoticeView.Of(notice, deliveries[notice.Id]));
    }

    private static async Task<NoticeRow> GetAsync(string id, NoticeStore store, CancellationToken cancellationToken) =>
        NumberOf(id) is { } number && await store.FindAsync(number, cancellationToken) is { } notice
            ? notice
            : throw new ProblemException(ProblemFactory.NotFound("There is no notice with this id; GET /api/notices lists them."));
}
