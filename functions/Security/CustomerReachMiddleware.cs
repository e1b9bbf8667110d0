using System.Globalization;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;

namespace Bibind.Functions.Security;

/// <summary>
/// Keeps customers' tokens to their own tenants, before an endpoint reads anything: what is another's is answered exactly as what
/// does not exist.
/// </summary>
internal sealed class CustomerReachMiddleware(RequestDelegate next, CustomerTenants tenants)
{
    private static readonly Problem NoSuchBackup = ProblemFactory.NotFound("There is no backup with this id; GET /api/tenants/{code}/backups lists them.");

    public async Task InvokeAsync(HttpContext context)
    {
        if (CallerIdentity.Of(context.User)?.Customer is { } customer && context.GetEndpoint()?.Metadata.GetMetadata<CustomerAccess>() is { } access
            && await RefusalAsync(access.Reach, customer, context) is { } refusal)
        {
            throw new ProblemException(refusal);
        }

        await next(context);
    }

    private async Task<Problem?> RefusalAsync(CustomerReach reach, string customer, HttpContext context)
    {
        var cancellation = context.RequestAborted;
        return reach switch
        {
            CustomerReach.OwnTenant => await tenants.HasTenantAsync(customer, Value(context, "code"), cancellation) ? null : ProblemFactory.NoSuchTenant,
            CustomerReach.OwnJob => await tenants.HasJobAsync(customer, Value(context, "id"), cancellation) ? null : ProblemFactory.NoSuchJob,
            CustomerReach.OwnBackup => await tenants.HasBackupAsync(customer, Value(context, "id"), cancellation) ? null : NoSuchBackup,
            CustomerReach.OwnToken => long.TryParse(Value(context, "id"), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && await tenants.HasTokenAsync(customer, id, cancellation) ? null : ProblemFactory.NoSuchToken,
            CustomerReach.OwnCustomer => Value(context, "code") == customer ? null : ProblemFactory.NoSuchCustomer,
            _ => null,
        };
    }

    // What PostgreSQL cannot store nobody can have.
    private static string Value(HttpContext context, string name) =>
        (context.GetRouteValue(name) as string ?? throw new InvalidOperationException($"The endpoint's route has no '{name}'.")).Replace("\0", "?", StringComparison.Ordinal);
}
