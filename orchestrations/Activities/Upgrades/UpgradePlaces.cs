using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.ControlPlane.Offers;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Upgrades;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Upgrades;

/// <summary>Where the tenant of an upgrade lives, and where it is rehearsed.</summary>
public sealed class UpgradePlaces(TenantStore tenants, UpgradeStore upgrades, IOptions<PlatformOptions> platform, IFileStore files)
{
    /// <summary>The tenant, as the steps of the job see it.</summary>
    public async Task<TenantDescriptor> OfAsync(long tenantId, string jobId, CancellationToken cancellationToken) =>
        await tenants.GetPlaceAsync(tenantId, jobId, cancellationToken) with { HasFileStore = files.IsOn };

    /// <summary>The copy: under a name that only we use, by which the application finds it as it finds a tenant's database. It has no route.</summary>
    public async Task<TenantDescriptor> CopyOfAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);

        // With the code in it, two installations that share a server do not take each other's copies for theirs.
        var code = FormattableString.Invariant($"bibind-rehearsal-{place.TenantId}-{place.Code}");
        var host = $"{code}.{platform.Value.Domain}";
        var pattern = await upgrades.GetDatabasePatternAsync(place.TenantId, cancellationToken);
        return place with
        {
            Database = DatabasePattern.TryApply(pattern, code, host, out var name, out _) ? name : code,
            TemplateDatabase = place.Database,
            Host = host,
            ApplicationHost = null,
            IsRehearsal = true,
        };
    }
}
