using Bibind.Contracts;
using Bibind.ControlPlane.Pending;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>Something that a living tenant still lacks, and that is done later by itself.</summary>
public record PendingItemView
{
    /// <summary>One of <see cref="PendingKinds"/>.</summary>
    public required string Kind { get; init; }
    public required DateTimeOffset Since { get; init; }

    /// <summary>Why it could not be done, as the last attempt found it.</summary>
    public required string Reason { get; init; }

    /// <summary>How often it was tried since.</summary>
    public required int Attempts { get; init; }
    public DateTimeOffset? LastAttempt { get; init; }

    /// <summary>Not before this time.</summary>
    public required DateTimeOffset NextAttempt { get; init; }

    /// <summary>From a row.</summary>
    public static PendingItemView Of(PendingItem item)
    {
        ArgumentNullException.ThrowIfNull(item);
        return new PendingItemView
        {
            Kind = item.Kind,
            Since = item.Since,
            Reason = JobSteps.Cut(item.Reason),
            Attempts = item.Attempts,
            LastAttempt = item.LastAttempt,
            NextAttempt = item.NextAttempt,
        };
    }
}

/// <summary>The same in the list of all tenants' items.</summary>
public sealed record TenantPendingItem
{
    public required string Tenant { get; init; }
    public required PendingItemView Item { get; init; }
}

/// <summary><c>/api/pending-items</c>: what tenants still lack, all of them together.</summary>
internal static class PendingApi
{
    private static readonly QueryParameter Kind = new("kind", "Only items of this kind.", PendingKinds.All);

    public static void MapPendingItems(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/pending-items", ListAsync).WithTags("tenants").NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered)
            .Describe("listPendingItems", "Lists what tenants still lack and what is done later by itself, the oldest first")
            .TakesQuery(Kind, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<TenantPendingItem>>();

    private static async Task<IResult> ListAsync(HttpContext context, PendingItems items)
    {
        var query = new QueryReader(context);
        var kind = query.Choice(Kind.Name);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(
            await items.ListAsync(kind, context.Caller().Customer, page, context.RequestAborted),
            item => new TenantPendingItem { Tenant = item.TenantCode, Item = PendingItemView.Of(item) }));
    }
}
