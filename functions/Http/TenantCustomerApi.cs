using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.OpenApi;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Bibind.Functions.Security;

namespace Bibind.Functions.Http;

/// <summary>Whose a tenant is to be.</summary>
public sealed record AssignCustomer
{
    /// <summary>The customer, as their tokens name it; null: operators alone reach the tenant.</summary>
    public required string? Customer { get; init; }
}

/// <summary><c>/api/tenants/{code}/customer</c>.</summary>
internal static class TenantCustomerApi
{
    public static void MapTenantCustomer(this IEndpointRouteBuilder routes) =>
        routes.MapPut("/api/tenants/{code}/customer", AssignAsync).WithTags("tenants").NeedsRole(Role.Admin)
            .Describe("assignCustomer", "Says to which customer a tenant belongs, and thus whose tokens reach it")
            .Takes<AssignCustomer>().Answers<TenantView>().Refuses(StatusCodes.Status404NotFound);

    private static async Task<IResult> AssignAsync(
        HttpContext context, string code, CustomerTenants customers, TenantStore tenants, PendingItems pending, ILogger<AssignCustomer> logger)
    {
        var command = await CommandReader.ReadAsync<AssignCustomer>(context, (given, _) => Task.FromResult(FindWrong(given)));
        if (!Codes.IsPlausible(code) || !await customers.AssignAsync(code, command.Customer, context.RequestAborted)
            || await tenants.FindAsync(code, context.RequestAborted) is not { } tenant)
        {
            throw new ProblemException(ProblemFactory.NoSuchTenant);
        }

        Logs.TenantGivenToCustomer(logger, context.Caller().Name, code, command.Customer ?? "none");
        return TypedResults.Ok(TenantView.Of(tenant, await pending.OfAsync(tenant.Id, context.RequestAborted)));
    }

    private static IReadOnlyDictionary<string, string[]> FindWrong(AssignCustomer command)
    {
        var errors = new FieldErrors();
        if (command.Customer is { } customer && !CustomerCodes.IsWellFormed(customer))
        {
            errors.Add("customer", $"must be the code of a customer: {CustomerCodes.Rule}");
        }

        return errors.ToDictionary();
    }
}
