using Bibind.Contracts;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>An order to suspend a tenant.</summary>
public sealed record SuspendTenantCommand
{
    /// <summary><c>payment</c>: visitors get 402 and a page that says so; <c>operator</c>: 503.</summary>
    public required string Cause { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded, and not shown to visitors.</summary>
    public required string Reason { get; init; }
}

/// <summary>An order to open a suspended tenant again.</summary>
public sealed record ResumeTenantCommand
{
    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public string? Reason { get; init; }
}

/// <summary>An order to give a tenant another plan.</summary>
public sealed record ChangeTenantPlan
{
    /// <summary>The plan's code; its newest version is taken.</summary>
    public required string Plan { get; init; }

    /// <summary>Why, in words, at most 500 characters; recorded.</summary>
    public required string Reason { get; init; }
}

/// <summary>Suspends tenants, opens them again and changes their plans.</summary>
internal static class SuspensionsApi
{
    public static void MapSuspensions(this IEndpointRouteBuilder routes)
    {
        var tenant = routes.MapGroup("/api/tenants/{code}").WithTags("tenants");
        tenant.MapPost("/suspend", SuspendAsync).NeedsRole(Role.Manager)
            .Describe("suspendTenant", "Suspends a tenant: visitors get a page, its database refuses everybody, its data and backups stay")
            .Takes<SuspendTenantCommand>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenant.MapPost("/resume", ResumeAsync).NeedsRole(Role.Manager).OpenToCustomers(CustomerReach.OwnTenant)
            .Describe("resumeTenant", "Opens a suspended tenant, whether somebody suspended it or a failed job left it so; a customer only the latter")
            .TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenant.MapPost("/change-plan", ChangePlanAsync).NeedsRole(Role.Manager)
            .Describe("changeTenantPlan", "Gives a tenant the newest version of a plan; what it uses above that is named in the job's notes")
            .Takes<ChangeTenantPlan>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> SuspendAsync(HttpContext context, string code, SuspensionOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<SuspendTenantCommand>(context, (given, _) => Task.FromResult(FindWrong(given)));
        Codes.RequireTenant(code);
        return await ordering.SuspendAsync(
            code, command.Cause, command.Reason, context.Caller().Name, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/suspend", command), context.RequestAborted);
    }

    private static async Task<IResult> ResumeAsync(HttpContext context, string code, SuspensionOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);

        // The call came without a body before it took a reason.
        var command = CommandReader.HasBody(context)
            ? await CommandReader.ReadAsync<ResumeTenantCommand>(context, (given, _) => Task.FromResult(RecordedReason.With(new Dictionary<string, string[]>(), given.Reason)))
            : null;
        Codes.RequireTenant(code);
        return await ordering.ResumeAsync(
            code, command?.Reason, context.Caller().Name, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/resume", command), context.RequestAborted);
    }

    private static async Task<IResult> ChangePlanAsync(HttpContext context, string code, SuspensionOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<ChangeTenantPlan>(context, (given, _) => Task.FromResult(FindWrong(given)));
        Codes.RequireTenant(code);
        return await ordering.ChangePlanAsync(
            code, command.Plan, command.Reason, context.Caller().Name, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/change-plan", command), context.RequestAborted);
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(SuspendTenantCommand given)
    {
        var errors = new FieldErrors();
        if (!SuspensionCauses.All.Contains(given.Cause))
        {
            errors.Add("cause", $"must be {string.Join(" or ", SuspensionCauses.All)}");
        }

        RecordedReason.Add(errors, given.Reason);
        return errors.ToDictionary();
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(ChangeTenantPlan given)
    {
        var errors = new FieldErrors();
        if (given.Plan is null || !Codes.IsPlausible(given.Plan))
        {
            errors.Add("plan", "must be the code of a plan; GET /api/plans lists them");
        }

        RecordedReason.Add(errors, given.Reason);
        return errors.ToDictionary();
    }
}
