using Bibind.Contracts;
using Bibind.ControlPlane.Staging;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Bibind.Functions.Http;

/// <summary>An order for a staging copy of a tenant, or for its refreshing.</summary>
public sealed record OrderStagingCopy
{
    /// <summary>The copy's code, which its host begins with; by the tenant's, such as acme-staging, unless given. A copy that is there keeps its own.</summary>
    public string? Code { get; init; }

    /// <summary>When the copy is removed by itself; by the settings unless given.</summary>
    public DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>What is masked in it; what was masked the last time, else by the settings, unless given. An empty list masks nothing.</summary>
    public IReadOnlyList<MaskingRule>? Masking { get; init; }
}

/// <summary>A change of a staging copy.</summary>
public sealed record ChangeStagingCopy
{
    /// <summary>When it is removed by itself.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>A staging copy of a tenant; everything else about it is at <c>/api/tenants/{code}</c> with its own code.</summary>
public sealed record StagingCopyView
{
    /// <summary>The copy's code.</summary>
    public required string Code { get; init; }

    /// <summary>The code of the tenant that it is a copy of.</summary>
    public required string StagingOf { get; init; }
    public required string Host { get; init; }
    public required string BaseUrl { get; init; }

    /// <summary>Its state as a tenant.</summary>
    public required string State { get; init; }
    public required string? Reason { get; init; }

    /// <summary>When it is removed by itself; null once it has ended.</summary>
    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>When it got the content that it has; null before the first time.</summary>
    public required DateTimeOffset? RefreshedAt { get; init; }

    /// <summary>The job of the last order.</summary>
    public required string Job { get; init; }
    public required string OrderedBy { get; init; }
    public required DateTimeOffset OrderedAt { get; init; }

    /// <summary>What the last order wanted to be masked.</summary>
    public required IReadOnlyList<MaskingRule> Masking { get; init; }

    /// <summary>What its content is without: what was masked and neutralised, by table, columns and rows; null before the first time.</summary>
    public required StagingReport? Report { get; init; }

    /// <summary>From a row.</summary>
    internal static StagingCopyView Of(StagingCopy copy) => new()
    {
        Code = copy.Code,
        StagingOf = copy.Source,
        Host = copy.Host,
        BaseUrl = copy.BaseUrl,
        State = copy.State,
        Reason = copy.Reason is { } reason ? JobSteps.Cut(reason) : null,
        ExpiresAt = copy.ExpiresAt,
        RefreshedAt = copy.RefreshedAt,
        Job = copy.JobId,
        OrderedBy = copy.OrderedBy,
        OrderedAt = copy.OrderedAt,
        Masking = copy.Masking,
        Report = copy.Report,
    };
}

/// <summary><c>/api/tenants/{code}/staging</c>.</summary>
internal static class StagingApi
{
    public static void MapStaging(this IEndpointRouteBuilder routes)
    {
        var staging = routes.MapGroup("/api/tenants/{code}/staging").WithTags("staging");
        staging.MapPost("/", OrderAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("orderStagingCopy", "Makes a staging copy of a tenant, neutralised and masked before anything can reach it, or refreshes the one that there is")
            .Takes<OrderStagingCopy>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        staging.MapGet("/", FindAsync).NeedsRole(Role.Viewer).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("getStagingCopy", "Shows the staging copy of a tenant, with what was masked and neutralised, or the last one that it had")
            .Answers<StagingCopyView>().Refuses(StatusCodes.Status404NotFound);
        staging.MapPatch("/", ChangeAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("changeStagingCopy", "Changes the day on which a staging copy is removed by itself")
            .Takes<ChangeStagingCopy>().TakesIfMatch(isRequired: true).Answers<StagingCopyView>()
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> OrderAsync(HttpContext context, string code, StagingOrdering ordering, StagingOpening opening)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = CommandReader.HasBody(context)
            ? await CommandReader.ReadAsync<OrderStagingCopy>(context, (given, _) => Task.FromResult(FindWrong(given, opening)))
            : new OrderStagingCopy();
        Codes.RequireTenant(code);
        var order = new StagingOrder
        {
            Source = code,
            Code = command.Code,
            ExpiresAt = command.ExpiresAt,
            Masking = command.Masking,
            RequestedBy = context.Caller().Name,
        };
        return await ordering.OrderAsync(order, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/staging", command), context.RequestAborted);
    }

    private static async Task<IResult> FindAsync(HttpContext context, string code, StagingStore copies)
    {
        Codes.RequireTenant(code);
        return Answer(context, await copies.FindAsync(code, context.RequestAborted) ?? throw StagingOrdering.NotFound());
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, string code, StagingOrdering ordering, StagingOpening opening)
    {
        Codes.RequireTenant(code);
        var command = await CommandReader.ReadAsync<ChangeStagingCopy>(context, (given, _) =>
        {
            var errors = new FieldErrors();
            CheckExpiry(errors, given.ExpiresAt, opening);
            return Task.FromResult(errors.ToDictionary());
        });
        return Answer(context, await ordering.ExtendAsync(code, command.ExpiresAt, EntityTag.ReadExpected(context), context.RequestAborted));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(OrderStagingCopy given, StagingOpening opening)
    {
        var errors = new FieldErrors();
        if (given.Code is { } code && TenantOrderValidation.FindWrongCode(code) is { Count: > 0 } wrong)
        {
            foreach (var message in wrong)
            {
                errors.Add("code", message);
            }
        }

        CheckExpiry(errors, given.ExpiresAt, opening);
        if (given.Masking is { } rules)
        {
            foreach (var (member, messages) in MaskingRules.Check(rules, (i, member) => FormattableString.Invariant($"[{i}].{member}")))
            {
                errors.Add("masking", $"{member} {string.Join("; ", messages)}");
            }

            if (rules.Count > MaskingRules.Most)
            {
                errors.Add("masking", $"must have at most {MaskingRules.Most} rules");
            }
        }

        return errors.ToDictionary();
    }

    private static void CheckExpiry(FieldErrors errors, DateTimeOffset? expiresAt, StagingOpening opening)
    {
        var (from, to) = opening.Range;
        if (expiresAt is { } at && (at <= from || at > to))
        {
            errors.Add("expiresAt", $"must be to come, and not later than {to.UtcDateTime:yyyy-MM-ddTHH:mm:ssZ} (Staging__LongestLifetime from now on)");
        }
    }

    private static Ok<StagingCopyView> Answer(HttpContext context, StagingCopy copy)
    {
        EntityTag.Show(context, StagingOrdering.TagOf(copy));
        return TypedResults.Ok(StagingCopyView.Of(copy));
    }
}
