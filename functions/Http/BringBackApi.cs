using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>POST /api/tenants/{code}/bring-back</c>.</summary>
internal static class BringBackApi
{
    public static void MapBringBack(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/tenants/{code}/bring-back", BringBackAsync).WithTags("tenants").NeedsRole(Role.Admin)
            .Describe("bringBackTenant", "Makes a tenant that was removed the tenant again, out of its retained backup, within the grace of its plan")
            .TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict);

    private static async Task<IResult> BringBackAsync(HttpContext context, string code, BringBackOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        Codes.RequireTenant(code);
        return await ordering.BringBackAsync(
            code, context.Caller().Name, CommandRequest.Of(context, key, $"POST /api/tenants/{code}/bring-back", null), context.RequestAborted);
    }
}
