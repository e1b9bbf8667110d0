using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Upgrades;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>Upgrades of a tenant.</summary>
internal static class UpgradesApi
{
    public static void MapUpgrades(this IEndpointRouteBuilder routes)
    {
        var tenant = routes.MapGroup("/api/tenants/{code}").WithTags("upgrades");
        tenant.MapPost("/upgrade", UpgradeAsync).NeedsRole(Role.Admin)
            .Describe("upgradeTenant", "Upgrades a tenant to a release, rehearsed on a copy before; with dryRun it is only rehearsed")
            .Takes<UpgradeTenantCommand>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenant.MapPost("/upgrade/rollback", RollBackAsync).NeedsRole(Role.Admin)
            .Describe("rollBackTenantUpgrade", "Takes a tenant's last upgrade back, as long as the backup of before is kept")
            .Takes<RollBackTenantUpgrade>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenant.MapPost("/upgrade/cancel", CancelAsync).NeedsRole(Role.Admin)
            .Describe("cancelTenantUpgrade", "Calls a tenant's upgrade off that waits for its time")
            .Answers<UpgradeView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenant.MapPost("/upgrade/confirm", ConfirmAsync).NeedsRole(Role.Admin)
            .Describe("confirmTenantUpgrade", "Confirms a tenant's last upgrade: the backup of before is deleted by the next sweep")
            .Answers<UpgradeView>().Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);
        tenant.MapGet("/upgrades", ListAsync).NeedsRole(Role.Viewer).Describe("listTenantUpgrades", "Lists a tenant's upgrades, newest first")
            .TakesQuery(QueryParameter.Page, QueryParameter.PageSize).Answers<ListResponse<UpgradeView>>().Refuses(StatusCodes.Status404NotFound);
    }

    private static async Task<IResult> UpgradeAsync(HttpContext context, string code, UpgradeOrdering ordering, TimeProvider time)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<UpgradeTenantCommand>(context, (given, _) => Task.FromResult(UpgradeRules.FindWrong(given, time.GetUtcNow())));
        Codes.RequireTenant(code);
        var wish = new UpgradeWish
        {
            Release = UpgradeRules.ReleaseOf(command),
            DryRun = command.DryRun,
            NotBefore = command.NotBefore?.UtcDateTime,
            Window = command.Window?.Read(),
            AtOnce = command.AtOnce,
            Reason = command.Reason,
            RequestedBy = context.Caller().Name,
        };
        return await ordering.UpgradeAsync(code, wish, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/upgrade", command), context.RequestAborted);
    }

    private static async Task<IResult> RollBackAsync(HttpContext context, string code, UpgradeOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<RollBackTenantUpgrade>(context, (given, _) => Task.FromResult(RecordedReason.FindWrong(given.Reason)));
        Codes.RequireTenant(code);
        return await ordering.RollBackAsync(
            code, context.Caller().Name, command.Reason, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/upgrade/rollback", command), context.RequestAborted);
    }

    private static async Task<IResult> CancelAsync(HttpContext context, string code, UpgradeOrdering ordering)
    {
        Codes.RequireTenant(code);
        return TypedResults.Ok(UpgradeView.Of(await ordering.CancelAsync(code, context.Caller().Name, context.RequestAborted)));
    }

    private static async Task<IResult> ConfirmAsync(HttpContext context, string code, UpgradeOrdering ordering)
    {
        Codes.RequireTenant(code);
        return TypedResults.Ok(UpgradeView.Of(await ordering.ConfirmAsync(code, context.Caller().Name, context.RequestAborted)));
    }

    private static async Task<IResult> ListAsync(HttpContext context, string code, TenantStore tenants, UpgradeStore upgrades)
    {
        var query = new QueryReader(context);
        var page = Paging.Read(query);
        query.ThrowIfAny();
        Codes.RequireTenant(code);
        return await tenants.FindAsync(code, context.RequestAborted) is null
            ? throw new ProblemException(ProblemFactory.NoSuchTenant)
            : TypedResults.Ok(Paging.Show(await upgrades.ListAsync(code, page, context.RequestAborted), UpgradeView.Of));
    }
}
