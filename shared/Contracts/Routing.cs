using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>The tenant's route at the reverse proxy.</summary>
public static class Routing
{
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Publish = new("routing.publish", Policies.Act);

    /// <summary>Shows a page with status 503 until the route is published again.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Suspend = new("routing.suspend", Policies.Act);
    public static readonly ActivityDefinition<TenantDescriptor, Unit> Withdraw = new("routing.withdraw", Policies.Undo);

    /// <summary>Publishes the routes of active and suspended tenants that the proxy has lost; answers how many.</summary>
    public static readonly ActivityDefinition<Unit, int> Repair = new("routing.repair", Policies.Round);
}
