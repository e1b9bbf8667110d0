using Bibind.Activities.Dns;
using Bibind.Activities.Routing;
using Bibind.Activities.Suspensions;
using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Suspensions;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Reconciliation;

/// <summary>
/// Makes what is safe and can be taken back: a route, a page, a shut database, a record. Everything is done while no job of the tenant can begin, and
/// only if it is still as it was seen; done twice, it is the same.
/// </summary>
public sealed class FindingRepair(
    ReconciliationRepairs repairs, IRouteProvider routes, IDnsProvider dns, SuspendedDatabases databases, ISuspensions suspensions, IOptions<ReconciliationOptions> options)
{
    private const string Changed = "A job of the tenant has begun, or its state has changed: it is looked at again.";

    /// <summary>Repairs one finding; answers why it could not, in words, or null.</summary>
    internal async Task<string?> RunAsync(ReconciledTenant tenant, Finding finding, CancellationToken cancellationToken)
    {
        using var limited = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limited.CancelAfter(options.Value.Limit);
        try
        {
            string? left = null;

            // Not left alone when its time is up: the lock is held for as long as anything is done.
            var isDone = await repairs.HoldAsync(
                tenant, async () => left = await DoAsync(tenant, finding, limited.Token), cancellationToken);
            return isDone ? left : Changed;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"It was not done within {options.Value.Limit.TotalSeconds:0.#} seconds.";
        }
        catch (ActivityFailureException failed)
        {
            return failed.Message;
        }
    }

    private async Task<string?> DoAsync(ReconciledTenant tenant, Finding finding, CancellationToken cancellationToken)
    {
        switch (finding.Kind)
        {
            case FindingKinds.SuspendedDatabaseOpen or FindingKinds.SuspendedDatabaseInUse:
                return await suspensions.FindAsync(tenant.Tenant.Id, cancellationToken) is { IsInForce: true }
                    ? (await databases.ShutAsync(tenant.Place, cancellationToken)).Note
                    : Changed;
            case FindingKinds.SuspendedServed or FindingKinds.ActivePageShown or FindingKinds.RouteMissing:
                return await PublishAsync(tenant, finding.Subject, cancellationToken);
            case FindingKinds.DnsMissing:
                await dns.CreateAsync(tenant.Place, cancellationToken);
                return null;
            default:
                return "This kind is never repaired by itself.";
        }
    }

    private async Task<string?> PublishAsync(ReconciledTenant tenant, string host, CancellationToken cancellationToken)
    {
        if (InfrastructureLooks.PlacesOf(tenant).FirstOrDefault(p => p.Host == host) is not { } at)
        {
            return Changed;
        }

        // As after any loss of routes: one that a failed job left suspended shows that it is being worked on.
        var suspension = await suspensions.FindAsync(tenant.Tenant.Id, cancellationToken);
        if ((RoutePages.Of(suspension) ?? (tenant.Tenant.State == TenantStates.Suspended ? RoutePage.Unavailable : (RoutePage?)null)) is { } page)
        {
            await routes.SuspendAsync(at, page, cancellationToken);
        }
        else
        {
            await routes.PublishAsync(at, cancellationToken);
        }

        return null;
    }
}
