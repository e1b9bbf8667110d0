using Bibind.Activities.Certificates;
using Bibind.Activities.Dns;
using Bibind.Activities.Routing;
using Bibind.Activities.Storage;
using Bibind.Contracts;
using Bibind.ControlPlane.Domains;
using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Tenants;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Reconciliation;

/// <summary>Asks proxy, DNS provider, certificate store and object store about one tenant.</summary>
public sealed class InfrastructureLooks(
    IRouteProvider routes, IDnsProvider dns, IHostReadiness zone, ITenantCertificates certificates, TenantBucket buckets, IOptions<CertificateOptions> options, TimeProvider time)
{
    /// <summary>The tenant at each of its names: the platform's first, then its own that are reached.</summary>
    internal static IReadOnlyList<TenantDescriptor> PlacesOf(ReconciledTenant tenant) =>
        [.. tenant.Facts.Domains.Prepend(tenant.Tenant.Host).Distinct().Select(name => DomainDescriptors.At(tenant.Place, tenant.Tenant.Host, name))];

    /// <summary>What differs at the reverse proxy.</summary>
    internal async Task<IReadOnlyList<Observation>> LookAtRoutesAsync(ReconciledTenant tenant, CancellationToken cancellationToken)
    {
        var seen = new List<Observation>();
        foreach (var at in PlacesOf(tenant))
        {
            if (Compare(tenant, at.Host, await routes.LookAsync(at, cancellationToken)) is { } differs)
            {
                seen.Add(differs);
            }
        }

        return seen;
    }

    /// <summary>What differs at the DNS provider: only the platform's names are ours, and with the provider <c>none</c> a wildcard covers them.</summary>
    internal async Task<IReadOnlyList<Observation>> LookAtDnsAsync(ReconciledTenant tenant, CancellationToken cancellationToken)
    {
        var place = tenant.Place;
        if (!zone.IsInZone(place.Host))
        {
            return [];
        }

        return (await dns.ExistsAsync(place, cancellationToken), tenant.HasEnded) switch
        {
            (false, false) => [new Observation(FindingKinds.DnsMissing, place.Host, $"The DNS zone has no record of ours at {place.Host}.")],
            (true, true) => [new Observation(FindingKinds.EndedDns, place.Host, $"The tenant is {tenant.Tenant.State}, and its record is still at {place.Host}.")],
            _ => [],
        };
    }

    /// <summary>What differs of certificates: its own, or one that covers the name.</summary>
    internal async Task<IReadOnlyList<Observation>> LookAtCertificatesAsync(ReconciledTenant tenant, CancellationToken cancellationToken)
    {
        var seen = new List<Observation>();
        if (options.Value.Provider == CertificateProviders.None || tenant.HasEnded)
        {
            return seen;
        }

        foreach (var at in PlacesOf(tenant))
        {
            var held = await certificates.FindAsync(at, cancellationToken);
            if (held is null || held.NotAfter <= time.GetUtcNow())
            {
                seen.Add(new Observation(
                    FindingKinds.CertificateMissing, at.Host,
                    held is null ? $"There is no certificate for {at.Host}, nor one that covers it." : $"The certificate for {at.Host} ended on {held.NotAfter.UtcDateTime:yyyy-MM-dd HH:mm} UTC."));
            }
        }

        return seen;
    }

    /// <summary>What differs of the bucket.</summary>
    internal async Task<IReadOnlyList<Observation>> LookAtBucketAsync(ReconciledTenant tenant, CancellationToken cancellationToken)
    {
        var place = tenant.Place;
        return (await buckets.LookAsync(place, cancellationToken), tenant.HasEnded) switch
        {
            (BucketInfo.Absent, false) => [new Observation(FindingKinds.BucketMissing, place.Bucket, $"The object store has no bucket '{place.Bucket}'.")],
            (BucketInfo.Foreign, false) => [new Observation(FindingKinds.BucketForeign, place.Bucket, $"The bucket '{place.Bucket}' is not marked as this tenant's.")],
            (BucketInfo.Ours, true) => [new Observation(FindingKinds.EndedBucket, place.Bucket, $"The tenant is {tenant.Tenant.State}, and its bucket '{place.Bucket}' is still there.")],
            _ => [],
        };
    }

    private static Observation? Compare(ReconciledTenant tenant, string host, RouteInfo info) => (tenant.Tenant.State, info) switch
    {
        (_, RouteInfo.NotKept) => null,
        (TenantStates.Terminated or TenantStates.Failed, RouteInfo.Open or RouteInfo.Page) =>
            new Observation(FindingKinds.EndedRoute, host, $"The tenant is {tenant.Tenant.State}, and the proxy still has its route of {host}."),
        (TenantStates.Terminated or TenantStates.Failed, _) => null,
        (_, RouteInfo.Absent) => new Observation(FindingKinds.RouteMissing, host, $"The proxy does not answer for {host} by the tenant's route."),
        (_, RouteInfo.Foreign) => new Observation(FindingKinds.RouteForeign, host, $"The proxy has a route of {host} that is not this tenant's."),
        (TenantStates.Suspended, RouteInfo.Open) => new Observation(FindingKinds.SuspendedServed, host, $"The tenant is suspended, and the proxy leads {host} to its application."),
        (TenantStates.Active, RouteInfo.Page) => new Observation(FindingKinds.ActivePageShown, host, $"The tenant is active, and the proxy shows a page at {host}."),
        _ => null,
    };
}
