using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Usage;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>What a tenant uses, as it was measured last.</summary>
/// <param name="MeasuredAt">When; null if it never was.</param>
/// <param name="Users">Internal users that are active.</param>
/// <param name="UserLimit">Its own limit, else that of the plan as it was sold; null: unlimited.</param>
/// <param name="StorageBytes">File store and bucket together.</param>
/// <param name="TotalBytes">Database, file store and bucket together.</param>
/// <param name="StorageQuotaBytes">Its own limit, else that of the plan as it was sold; null: unlimited.</param>
/// <param name="Requests">Requests since the measurement before; null where the reverse proxy does not tell them by host.</param>
/// <param name="AnswerMilliseconds">How long an answer took on average; null where the reverse proxy does not tell it by host.</param>
/// <param name="RequestsReason">Why requests and answer time are not known.</param>
/// <param name="FailedAt">When something could not be measured at the last try; null if all was.</param>
/// <param name="Reason">Why; what could not be measured has its last value.</param>
public sealed record UsageView(
    string Tenant,
    string Server,
    string Plan,
    string State,
    DateTimeOffset? MeasuredAt,
    int? Users,
    int? UserLimit,
    long? DatabaseBytes,
    long? FileStoreBytes,
    long? BucketBytes,
    long StorageBytes,
    long TotalBytes,
    long? StorageQuotaBytes,
    long? Requests,
    double? AnswerMilliseconds,
    string? RequestsReason,
    DateTimeOffset? FailedAt,
    string? Reason)
{
    private const string NoRequests = "The reverse proxy's figures are not told apart by host name.";

    /// <summary>From a row.</summary>
    public static UsageView Of(TenantUsage usage)
    {
        ArgumentNullException.ThrowIfNull(usage);
        return new UsageView(
            usage.Tenant, usage.Server, usage.Plan, usage.State, usage.MeasuredAt, usage.Users, usage.UserLimit, usage.DatabaseBytes, usage.FileStoreBytes,
            usage.BucketBytes, usage.StorageBytes, usage.TotalBytes, usage.StorageQuotaBytes, Requests: null, AnswerMilliseconds: null, NoRequests, usage.FailedAt,
            usage.Reason);
    }
}

/// <summary>One row of a tenant's history.</summary>
/// <param name="At">The beginning of the hour or day, UTC.</param>
/// <param name="Period">hour: the last values of an hour; day: the highest of a day.</param>
public sealed record UsagePointView(DateTimeOffset At, string Period, int? Users, long? DatabaseBytes, long? FileStoreBytes, long? BucketBytes)
{
    /// <summary>From a row.</summary>
    public static UsagePointView Of(UsagePoint point)
    {
        ArgumentNullException.ThrowIfNull(point);
        return new UsagePointView(point.At, point.Period, point.Users, point.DatabaseBytes, point.FileStoreBytes, point.BucketBytes);
    }
}

/// <summary>What a tenant used on one day: the highest values of the day.</summary>
/// <param name="TenantId">Tells tenants of before apart that had the same code.</param>
/// <param name="Day">UTC.</param>
/// <param name="Plan">The plan that it has, or had at its end.</param>
public sealed record UsageDayView(
    string Tenant, long TenantId, DateOnly Day, string Plan, int PlanVersion, int? Users, long? DatabaseBytes, long? FileStoreBytes, long? BucketBytes)
{
    /// <summary>From a row.</summary>
    public static UsageDayView Of(UsageDay day)
    {
        ArgumentNullException.ThrowIfNull(day);
        return new UsageDayView(
            day.Tenant, day.TenantId, day.Day, day.Plan, day.PlanVersion, day.Users, day.DatabaseBytes, day.FileStoreBytes, day.BucketBytes);
    }
}

/// <summary><c>/api/usage</c> and <c>/api/tenants/{code}/usage</c>.</summary>
internal static class UsageApi
{
    private static readonly QueryParameter Sort = new("sort", "size (unless given): the largest first; users: those with the most users; tenant: by code.", UsageSorts.All);
    private static readonly QueryParameter Server = new("server", "Only tenants on this server.");
    private static readonly QueryParameter Plan = new("plan", "Only tenants of this plan.");
    private static readonly QueryParameter From = new("from", "From this moment on, such as 2026-11-01 or 2026-11-01T12:00:00Z; 30 days before to unless given.");
    private static readonly QueryParameter To = new("to", "Before this moment; now unless given.");

    private static readonly QueryParameter FromDay = new("from", "From this day on (UTC), such as 2026-11-01; 30 days before to unless given.");
    private static readonly QueryParameter ToDay = new("to", "Before this day (UTC), such as 2026-12-01; tomorrow unless given.");

    private static readonly TimeSpan UnlessGiven = TimeSpan.FromDays(30);

    public static void MapUsage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/usage", ListAsync).WithTags("tenants").NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered)
            .Describe("listUsage", "Lists what tenants use, as it was measured last")
            .TakesQuery(Sort, Server, Plan, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<UsageView>>();
        routes.MapGet("/api/usage/days", ListDaysAsync).WithTags("tenants").NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.Filtered)
            .Describe("listUsageDays", "Lists what each tenant used on each day, oldest first, those that ended since included")
            .TakesQuery(FromDay, ToDay, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<UsageDayView>>();
        routes.MapGet("/api/tenants/{code}/usage", ListHistoryAsync).WithTags("tenants").NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("listTenantUsage", "Lists what a tenant used, newest first: by hour for the last days, by day before")
            .TakesQuery(From, To, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<UsagePointView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> ListAsync(HttpContext context, UsageStore usage)
    {
        var query = new QueryReader(context);
        var filter = new UsageFilter
        {
            Sort = query.Choice(Sort.Name) ?? UsageSorts.Size,
            Server = query.Code(Server.Name),
            Plan = query.Code(Plan.Name),
            Customer = context.Caller().Customer,
        };
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await usage.ListAsync(filter, page, context.RequestAborted), UsageView.Of));
    }

    private static async Task<IResult> ListDaysAsync(HttpContext context, UsageStore usage, TimeProvider time)
    {
        var query = new QueryReader(context);
        var to = query.Moment(ToDay.Name) ?? time.GetUtcNow().AddDays(1);
        var from = query.Moment(FromDay.Name) ?? to - UnlessGiven;
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(
            await usage.ListDaysAsync(
                DateOnly.FromDateTime(from.UtcDateTime), DateOnly.FromDateTime(to.UtcDateTime), context.Caller().Customer, page, context.RequestAborted),
            UsageDayView.Of));
    }

    private static async Task<IResult> ListHistoryAsync(HttpContext context, string code, TenantStore tenants, UsageStore usage, TimeProvider time)
    {
        var query = new QueryReader(context);
        var to = query.Moment(To.Name) ?? time.GetUtcNow();
        var from = query.Moment(From.Name) ?? to - UnlessGiven;
        var page = Paging.Read(query);
        query.ThrowIfAny();
        if (from >= to)
        {
            throw new ProblemException(ProblemFactory.BadQuery(new Dictionary<string, string[]> { [From.Name] = ["must be before to"] }));
        }

        var tenant = (Codes.IsPlausible(code) ? await tenants.FindAsync(code, context.RequestAborted) : null)
            ?? throw new ProblemException(ProblemFactory.NoSuchTenant);
        return TypedResults.Ok(Paging.Show(await usage.ListHistoryAsync(tenant.Id, from, to, page, context.RequestAborted), UsagePointView.Of));
    }
}
