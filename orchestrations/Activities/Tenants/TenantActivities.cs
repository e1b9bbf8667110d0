using Bibind.Activities.FileStores;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;

namespace Bibind.Activities.Tenants;

/// <summary>Registers the activities on the tenant's row.</summary>
public static class TenantActivities
{
    /// <summary>Adds reserve, activate, deactivate, mark failed, begin destroy, end destroy, what is pending and sweep; the inventory is registered with the effects that it asks.</summary>
    public static TaskRegistry AddTenantActivities(this TaskRegistry registry)
    {
        ArgumentNullException.ThrowIfNull(registry);
        return registry
            .AddActivity(Contracts.Tenants.Reserve, s => ActivatorUtilities.CreateInstance<ReserveTenant>(s))
            .AddActivity(Contracts.Tenants.Activate, s => ActivatorUtilities.CreateInstance<ActivateTenant>(s))
            .AddActivity(Contracts.Tenants.Deactivate, s => ActivatorUtilities.CreateInstance<DeactivateTenant>(s))
            .AddActivity(Contracts.Tenants.MarkFailed, s => new MarkTenantFailed(s.GetRequiredService<TenantLifecycle>()))
            .AddActivity(Contracts.Tenants.BeginDestroy, s => new BeginDestroyTenant(s.GetRequiredService<TenantLifecycle>(), s.GetRequiredService<IFileStore>()))
            .AddActivity(Contracts.Tenants.EndDestroy, s => new EndDestroyTenant(s.GetRequiredService<TenantLifecycle>()))
            .AddActivity(Contracts.Tenants.WorkOffPending, s => ActivatorUtilities.CreateInstance<WorkOffPending>(s))
            .AddActivity(Contracts.Tenants.Sweep, s => ActivatorUtilities.CreateInstance<SweepTenants>(s))
            .AddActivity(Contracts.Tenants.SweepJobs, s => ActivatorUtilities.CreateInstance<SweepJobs>(s));
    }
}
