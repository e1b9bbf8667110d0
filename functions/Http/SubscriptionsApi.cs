using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Bibind.ControlPlane.Subscriptions;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>A change of a subscription. What is left out stays; what may be empty is emptied by null.</summary>
public sealed record ChangeSubscription
{
    /// <summary>Code of the plan; the tenant follows by a job.</summary>
    [DisallowNull]
    public string? Plan { get; init; }

    /// <summary><c>monthly</c> or <c>yearly</c>.</summary>
    [DisallowNull]
    public string? Period { get; init; }

    /// <summary>Until when it is paid; a moment to come makes it active. Null: no bill drives it, and no clock runs.</summary>
    public DateTimeOffset? PaidUntil { get; init; }

    /// <summary>When it ends and the tenant is removed, with a last backup; null withdraws that.</summary>
    public DateTimeOffset? CancelAt { get; init; }

    /// <summary>Why; recorded with the change.</summary>
    public required string Reason { get; init; }
}

/// <summary>What is still to be done for a tenant to follow its subscription.</summary>
/// <param name="NextLook">When the two are compared next.</param>
/// <param name="Reason">Why the tenant does not follow yet.</param>
/// <param name="Job">The job that was ordered last.</param>
public sealed record SubscriptionPendingView(DateTimeOffset NextLook, string? Reason, string? Job);

/// <summary>A subscription.</summary>
public sealed record SubscriptionView
{
    /// <summary>The tenant's code.</summary>
    public required string Tenant { get; init; }
    public required string? Customer { get; init; }

    /// <summary>trial, active, past_due, suspended, cancelled or expired.</summary>
    public required string State { get; init; }
    public required string Plan { get; init; }

    /// <summary>monthly or yearly.</summary>
    public required string Period { get; init; }
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>The day on which periods end.</summary>
    public required int AnchorDay { get; init; }

    /// <summary>Null: no bill has said so, and no clock runs.</summary>
    public required DateTimeOffset? PaidUntil { get; init; }

    /// <summary>True if its last period was renewed and is not paid yet.</summary>
    public required bool OnCredit { get; init; }
    public required DateTimeOffset? TrialUntil { get; init; }
    public required DateTimeOffset? PastDueSince { get; init; }

    /// <summary>When it is suspended unless it is paid.</summary>
    public required DateTimeOffset? GraceUntil { get; init; }

    /// <summary>payment or operator; null if it is not suspended.</summary>
    public required string? Suspension { get; init; }

    /// <summary>When it ends, or ended.</summary>
    public required DateTimeOffset? CancelAt { get; init; }

    /// <summary>Null if the tenant is as the subscription wants it.</summary>
    public required SubscriptionPendingView? Pending { get; init; }
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>From a row.</summary>
    internal static SubscriptionView Of(Subscription s) => new()
    {
        Tenant = s.Tenant,
        Customer = s.Customer,
        State = s.State,
        Plan = s.Plan,
        Period = s.Period,
        StartedAt = s.StartedAt,
        AnchorDay = s.AnchorDay,
        PaidUntil = s.PaidUntil,
        OnCredit = s.CreditedFrom is not null,
        TrialUntil = s.TrialUntil,
        PastDueSince = s.PastDueSince,
        GraceUntil = s.GraceUntil,
        Suspension = s.Suspension,
        CancelAt = s.CancelAt,
        Pending = s.FollowAt is { } at ? new SubscriptionPendingView(at, s.FollowReason, s.FollowJob) : null,
        UpdatedAt = s.UpdatedAt,
    };
}

/// <summary>A change that was made of a subscription.</summary>
/// <param name="From">The state before; null where it was opened.</param>
/// <param name="To">The state after.</param>
/// <param name="Event">What happened, such as invoice.paid.</param>
/// <param name="Cause">order, message, api or timer.</param>
/// <param name="CauseId">The message, the job, or the timer with its moment.</param>
/// <param name="Who">Who is behind it.</param>
/// <param name="Reason">Why.</param>
/// <param name="Fields">What changed: for each field what it was and is.</param>
/// <param name="At">When.</param>
public sealed record SubscriptionChangeView(
    string? From, string To, string Event, string Cause, string? CauseId, string Who, string Reason, JsonElement Fields, DateTimeOffset At)
{
    /// <summary>From a row.</summary>
    internal static SubscriptionChangeView Of(SubscriptionChangeEntry e) =>
        new(e.FromState, e.ToState, e.Event, e.Cause, e.CauseId, e.Who, e.Reason, e.Fields, e.ChangedAt);
}

/// <summary><c>/api/subscriptions</c> and <c>/api/tenants/{code}/subscription</c>.</summary>
internal static class SubscriptionsApi
{
    private static readonly QueryParameter State = new("state", "Only subscriptions in this state.", SubscriptionStates.All);
    private static readonly QueryParameter Customer = new("customer", "Only those of this customer's tenants.");
    private static readonly QueryParameter Plan = new("plan", "Only those of the plan with this code.");

    public static void MapSubscriptions(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/subscriptions", ListAsync).WithTags("subscriptions").NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered)
            .Describe("listSubscriptions", "Lists subscriptions, newest first")
            .TakesQuery(State, Customer, Plan, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<SubscriptionView>>();
        var one = routes.MapGroup("/api/tenants/{code}/subscription").WithTags("subscriptions");
        one.MapGet("/", FindAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("getSubscription", "Shows the subscription of a tenant, or of the last one that had the code")
            .Answers<SubscriptionView>().Refuses(StatusCodes.Status404NotFound);
        one.MapPatch("/", ChangeAsync).NeedsRole(Role.Admin)
            .Describe("changeSubscription", "Changes plan, period, paid time or end of a subscription; the tenant follows by jobs")
            .Takes<ChangeSubscription>().TakesIfMatch(isRequired: true).Answers<SubscriptionView>()
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        one.MapGet("/changes", ListChangesAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("listSubscriptionChanges", "Lists what became of a subscription, by whom, when and why, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<SubscriptionChangeView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, SubscriptionViews subscriptions)
    {
        var query = new QueryReader(context);
        var own = context.Caller().Customer;
        var asked = query.Words(Customer.Name, 100);
        var filter = new SubscriptionFilter { State = query.Choice(State.Name), Plan = query.Code(Plan.Name), Customer = own ?? asked };
        var page = Paging.Read(query);
        query.ThrowIfAny();

        // What is another's is answered as what does not exist.
        return TypedResults.Ok(own is not null && asked is not null && asked != own
            ? new ListResponse<SubscriptionView>([], 0, page.Number, page.Size)
            : Paging.Show(await subscriptions.ListAsync(filter, page, context.RequestAborted), SubscriptionView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, SubscriptionViews subscriptions) =>
        Answer(context, await GetAsync(code, subscriptions, context.RequestAborted));

    private static async Task<IResult> ListChangesAsync(HttpContext context, string code, SubscriptionViews subscriptions)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var subscription = await GetAsync(code, subscriptions, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(await subscriptions.ListChangesAsync(subscription.Id, page, context.RequestAborted), SubscriptionChangeView.Of));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, SubscriptionOrdering ordering, TimeProvider time)
    {
        Codes.RequireTenant(code);
        using var body = await CommandReader.ReadJsonAsync(context);
        var given = body.RootElement.EnumerateObject().Select(JsonWords.NameOf).ToHashSet(StringComparer.Ordinal);
        var command = await CommandReader.ReadAsync<ChangeSubscription>(body.RootElement, new FieldErrors(), (c, _) => Task.FromResult(FindWrong(c)));
        var expected = EntityTag.ReadExpected(context);
        var change = new SubscriptionEvent.Edited
        {
            Now = time.GetUtcNow(),
            Plan = command.Plan,
            Period = command.Period,
            PaidUntil = given.Contains("paidUntil") ? new SubscriptionEvent.Moment(command.PaidUntil?.ToUniversalTime()) : null,
            CancelAt = given.Contains("cancelAt") ? new SubscriptionEvent.Moment(command.CancelAt?.ToUniversalTime()) : null,
        };
        return Answer(
            context, await ordering.ChangeAsync(new SubscriptionWish(code, change, context.Caller().Name, command.Reason), expected, context.RequestAborted));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChangeSubscription command)
    {
        var errors = new FieldErrors();
        RecordedReason.Add(errors, command.Reason);
        if (command.Plan is { } plan && !Codes.IsPlausible(plan))
        {
            errors.Add("plan", "must be the code of a plan; GET /api/plans lists them");
        }

        if (command.Period is { } period && !BillingPeriod.All.Contains(period))
        {
            errors.Add("period", $"must be {string.Join(" or ", BillingPeriod.All)}");
        }

        AddYear("paidUntil", command.PaidUntil);
        AddYear("cancelAt", command.CancelAt);
        return errors.ToDictionary();

        void AddYear(string field, DateTimeOffset? moment)
        {
            if (moment?.UtcDateTime.Year is < 2000 or >= 3000)
            {
                errors.Add(field, "must lie between the years 2000 and 2999");
            }
        }
    }

    private static async Task<Subscription> GetAsync(string code, SubscriptionViews subscriptions, CancellationToken cancellation)
    {
        Codes.RequireTenant(code);
        return await subscriptions.FindAsync(code, cancellation) ?? throw new ProblemException(ProblemFactory.NoSuchTenant);
    }

    private static Ok<SubscriptionView> Answer(HttpContext context, Subscription subscription)
    {
        EntityTag.Show(context, SubscriptionOrdering.TagOf(subscription));
        return TypedResults.Ok(SubscriptionView.Of(subscription));
    }
}
