using Bibind.ControlPlane.Servers;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Database.Isolation;

/// <summary>The tenant's own role where it has one, and the templates' role in templates of servers whose tenants have; else the application's.</summary>
internal sealed class TenantRoleLogins(TenantRoleLifecycle roles, IOptions<TenantIsolationOptions> options) : ITenantLogins
{
    private readonly SharedLogins _shared = new();

    /// <inheritdoc/>
    public async Task<DatabaseLogin> FindAsync(ServerConnection server, DatabaseDescriptor place, CancellationToken cancellationToken) => place switch
    {
        { Role: { } role, TenantId: { } tenant } => new DatabaseLogin(role, await roles.GetPasswordAsync(tenant, cancellationToken)),
        { TenantId: null } when options.Value.PoolerOf(server.Code) is { } pooler => new DatabaseLogin(pooler.TemplateRole, pooler.TemplatePassword),
        _ => await _shared.FindAsync(server, place, cancellationToken),
    };
}
