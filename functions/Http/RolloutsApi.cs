using System.Globalization;
using Bibind.ControlPlane.Rollouts;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Http;

/// <summary><c>/api/rollouts</c>.</summary>
internal static class RolloutsApi
{
    private static readonly QueryParameter State = new("state", "Only rollouts in this state.", RolloutStates.All);
    private static readonly QueryParameter Offer = new("offer", "Only rollouts of the offer with this code.");
    private static readonly QueryParameter TenantState = new("state", "Only tenants in this state.", RolloutTenantStates.All);
    private static readonly QueryParameter Wave = new("wave", "Only tenants of this wave.");

    public static void MapRollouts(this IEndpointRouteBuilder routes)
    {
        var rollouts = routes.MapGroup("/api/rollouts").WithTags("rollouts");
        rollouts.MapPost("/", StartAsync).NeedsRole(Role.Admin)
            .Describe("startRollout", "Brings a release, or the changes of a template's version, to the tenants of an offer in waves; with dryRun it only says to whom")
            .Takes<StartRollout>().TakesKey().Answers<RolloutPreview>().Answers<RolloutAccepted>(StatusCodes.Status202Accepted).Refuses(StatusCodes.Status409Conflict);
        rollouts.MapGet("/", ListAsync).NeedsRole(Role.Viewer).Describe("listRollouts", "Lists rollouts, newest first")
            .TakesQuery(State, Offer, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<RolloutSummaryView>>();
        rollouts.MapGet("/{id}", FindAsync).NeedsRole(Role.Viewer).Describe("getRollout", "Shows a rollout with its waves")
            .Answers<RolloutView>().Refuses(StatusCodes.Status404NotFound);
        rollouts.MapGet("/{id}/tenants", ListTenantsAsync).NeedsRole(Role.Viewer)
            .Describe("listRolloutTenants", "Lists the tenants of a rollout: how each stands, how long it took and for how long it was closed")
            .TakesQuery(TenantState, Wave, QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<RolloutTenantView>>().Refuses(StatusCodes.Status404NotFound);
        rollouts.MapGet("/{id}/changes", ListChangesAsync).NeedsRole(Role.Viewer)
            .Describe("listRolloutChanges", "Lists who steered a rollout and why, and what it did by itself, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<RolloutChangeView>>().Refuses(StatusCodes.Status404NotFound);

        Steer(RolloutActions.Pause, "pauseRollout", "Begins no further tenant until the rollout is resumed");
        Steer(RolloutActions.Resume, "resumeRollout", "Goes on with a rollout that is paused or halted; failures that are known count no more");
        Steer(RolloutActions.Cancel, "cancelRollout", "Calls a rollout off: no further tenant is begun, and what is done stays");
        SteerTenant(RolloutActions.Skip, "skipRolloutTenant", "Leaves a tenant out");
        SteerTenant(RolloutActions.Hold, "holdRolloutTenant", "Has a tenant wait until it is released");
        SteerTenant(RolloutActions.Release, "releaseRolloutTenant", "Lets a tenant that is held have its turn");
        SteerTenant(RolloutActions.Retry, "retryRolloutTenant", "Has a tenant that failed or was skipped upgraded once more");
        SteerTenant(RolloutActions.Rollback, "rollBackRolloutTenant", "Takes the upgrade of a tenant back");

        void Steer(string action, string name, string summary) =>
            rollouts.MapPost($"/{{id}}/{action}", (HttpContext context, string id, RolloutOrdering ordering, RolloutStore store) => SteerAsync(context, id, action, ordering, store))
                .NeedsRole(Role.Admin).Describe(name, summary).Takes<SteerRollout>().TakesKey().Answers<RolloutSummaryView>()
                .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

        void SteerTenant(string action, string name, string summary) =>
            rollouts.MapPost(
                $"/{{id}}/tenants/{{code}}/{action}", (HttpContext context, string id, string code, RolloutOrdering ordering) => SteerTenantAsync(context, id, code, action, ordering))
                .NeedsRole(Role.Admin).Describe(name, summary).Takes<SteerRollout>().TakesKey().Answers<RolloutTenantView>()
                .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
    }

    private static async Task<IResult> StartAsync(HttpContext context, RolloutOrdering ordering, IOptions<RolloutOptions> options)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<StartRollout>(context, (given, _) => Task.FromResult(RolloutChecks.FindWrong(given)));
        var wanted = RolloutChecks.Read(command, context.Caller().Name, options.Value.MaxConcurrent);
        return command.DryRun
            ? TypedResults.Ok(RolloutPreview.Of(await ordering.PreviewAsync(wanted, context.RequestAborted)))
            : await ordering.StartAsync(
                wanted, r => new RolloutAccepted(r.Id, r.JobId, r.Tenants, r.PassedOver), CommandRequest.Of(context, key, "POST /api/rollouts", command), context.RequestAborted);
    }

    private static async Task<IResult> ListAsync(HttpContext context, RolloutStore rollouts)
    {
        var query = new QueryReader(context);
        var (state, offer) = (query.Choice(State.Name), query.Code(Offer.Name));
        var page = Paging.Read(query);
        query.ThrowIfAny();
        return TypedResults.Ok(Paging.Show(await rollouts.ListAsync(state, offer, page, context.RequestAborted), RolloutSummaryView.Of));
    }

    private static async Task<IResult> FindAsync(HttpContext context, string id, RolloutStore rollouts)
    {
        var rollout = await RequireAsync(id, rollouts, context.RequestAborted);
        return TypedResults.Ok(RolloutView.Of(rollout, await rollouts.ListWavesAsync(rollout.Id, context.RequestAborted)));
    }

    private static async Task<IResult> ListTenantsAsync(HttpContext context, string id, RolloutStore rollouts)
    {
        var query = new QueryReader(context);
        var state = query.Choice(TenantState.Name);
        var wave = query.Number(Wave.Name, 0, 1, 20);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var rollout = await RequireAsync(id, rollouts, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(
            await rollouts.ListTenantsAsync(rollout.Id, state, wave == 0 ? null : wave, page, context.RequestAborted), RolloutTenantView.Of));
    }

    private static async Task<IResult> ListChangesAsync(HttpContext context, string id, RolloutStore rollouts)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        var rollout = await RequireAsync(id, rollouts, context.RequestAborted);
        return TypedResults.Ok(Paging.Show(await rollouts.ListChangesAsync(rollout.Id, page, context.RequestAborted), RolloutChangeView.Of));
    }

    private static async Task<IResult> SteerAsync(HttpContext context, string id, string action, RolloutOrdering ordering, RolloutStore rollouts)
    {
        var (key, command) = await ReadAsync(context);
        var rollout = await RequireAsync(id, rollouts, context.RequestAborted);
        var wish = new RolloutWish { RolloutId = rollout.Id, Action = action, Who = context.Caller().Name, Why = command.Reason };
        return await ordering.SteerAsync(
            wish, done => RolloutSummaryView.Of(done.Rollout), CommandRequest.Of(context, key, $"POST /api/rollouts/{rollout.Id}/{action}", command), context.RequestAborted);
    }

    private static async Task<IResult> SteerTenantAsync(HttpContext context, string id, string code, string action, RolloutOrdering ordering)
    {
        var (key, command) = await ReadAsync(context);
        Codes.RequireTenant(code);

        var wish = new RolloutWish { RolloutId = IdOf(id), Tenant = code, Action = action, Who = context.Caller().Name, Why = command.Reason };
        return await ordering.SteerAsync(
            wish, done => RolloutTenantView.Of(done.Tenant!), CommandRequest.Of(context, key, $"POST /api/rollouts/{wish.RolloutId}/tenants/{code}/{action}", command),
            context.RequestAborted);
    }

    private static async Task<(string? Key, SteerRollout Command)> ReadAsync(HttpContext context)
    {
        var key = IdempotencyKey.Read(context.Request);
        return (key, await CommandReader.ReadAsync<SteerRollout>(context, (given, _) => Task.FromResult(RecordedReason.FindWrong(given.Reason))));
    }

    private static async Task<Rollout> RequireAsync(string id, RolloutStore rollouts, CancellationToken cancellation) =>
        await rollouts.FindAsync(IdOf(id), cancellation) ?? throw NoSuchRollout();

    private static long IdOf(string id) => long.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : throw NoSuchRollout();

    private static ProblemException NoSuchRollout() => new(ProblemFactory.NotFound("There is no rollout with this id; GET /api/rollouts lists them."));
}
