using Bibind.ControlPlane.Offers;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Ordering;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary><c>/api/tenants/{code}/database</c>.</summary>
internal static class TenantDatabaseApi
{
    private const int LongestReason = 500;

    public static void MapTenantDatabase(this IEndpointRouteBuilder routes) =>
        routes.MapGroup("/api/tenants/{code}/database").WithTags("tenants")
            .MapPost("/adopt", AdoptAsync).NeedsRole(Role.Admin)
            .Describe("adoptDatabase", "Makes the database of the tenant's name, which is not known as the tenant's, the tenant's own")
            .Takes<AdoptDatabase>().TakesKey().Answers<TenantAccepted>(StatusCodes.Status202Accepted)
            .Refuses(StatusCodes.Status404NotFound, StatusCodes.Status409Conflict, StatusCodes.Status503ServiceUnavailable);

    private static async Task<IResult> AdoptAsync(HttpContext context, string code, DatabaseOrdering ordering)
    {
        var key = IdempotencyKey.Read(context.Request);
        var command = await CommandReader.ReadAsync<AdoptDatabase>(context, (given, _) => Task.FromResult(FindWrong(given)));
        Codes.RequireTenant(code);

        var caller = context.Caller().Name;
        var request = CommandRequest.Of(context, key, $"POST /api/tenants/{code}/database/adopt", command);
        return await ordering.AdoptAsync(code, command, caller, request, context.RequestAborted);
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(AdoptDatabase command)
    {
        var errors = new FieldErrors();
        if (command.Database is { } database && DatabasePattern.ProblemWith(database) is { } problem)
        {
            errors.Add("database", problem);
        }

        if (string.IsNullOrWhiteSpace(command.Reason))
        {
            errors.Add("reason", "must say why; it is recorded");
        }
        else if (command.Reason.Length > LongestReason)
        {
            errors.Add("reason", $"must have {LongestReason} characters at most");
        }

        return errors.ToDictionary();
    }
}
