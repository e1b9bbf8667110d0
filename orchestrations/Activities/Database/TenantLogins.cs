using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;

namespace Bibind.Activities.Database;

/// <summary>
/// Says as whom a database that holds a tenant's or a template's content is entered, by our sessions and by PostgreSQL's programs.
/// Whatever lies in it runs with the rights of that login: it must have no more than the tenant has anyway, and nothing to reset to.
/// </summary>
public interface ITenantLogins
{
    /// <summary>The login for a database.</summary>
    /// <exception cref="PermanentFailureException">Nobody may enter it yet; says what is missing.</exception>
    Task<DatabaseLogin> FindAsync(ServerConnection server, DatabaseDescriptor place, CancellationToken cancellationToken);
}

/// <summary>A role that can log in.</summary>
/// <param name="Role">Its name.</param>
/// <param name="Password">Never logged; <see cref="object.ToString"/> of this record leaves it out.</param>
public sealed record DatabaseLogin(string Role, string Password)
{
    /// <inheritdoc/>
    public override string ToString() => Role;
}

/// <summary>A database that is entered, and whose content is in it.</summary>
/// <param name="ServerId">The server that it is on.</param>
/// <param name="Database">Its name, which may be that of a copy which is being made.</param>
/// <param name="TenantId">Whose content it is; null for a template's.</param>
/// <param name="Role">The tenant's own role; null where tenants share the application's.</param>
public sealed record DatabaseDescriptor(long ServerId, string Database, long? TenantId, string? Role = null)
{
    /// <summary>The tenant's database.</summary>
    public static DatabaseDescriptor Of(TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return Of(place, place.Database);
    }

    /// <summary>A database with the tenant's content under another name.</summary>
    public static DatabaseDescriptor Of(TenantDescriptor place, string database)
    {
        ArgumentNullException.ThrowIfNull(place);
        return new DatabaseDescriptor(place.ServerId, database, place.TenantId, place.DatabaseRole);
    }

    /// <summary>A template's database.</summary>
    public static DatabaseDescriptor Of(CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(order);
        return Of(order, order.Database);
    }

    /// <summary>A template's database under another name.</summary>
    public static DatabaseDescriptor Of(CreateTemplateOrder order, string database)
    {
        ArgumentNullException.ThrowIfNull(order);
        return new DatabaseDescriptor(order.ServerId, database, null);
    }
}

/// <summary>One role for all tenants: the application's.</summary>
public sealed class SharedLogins : ITenantLogins
{
    /// <inheritdoc/>
    public Task<DatabaseLogin> FindAsync(ServerConnection server, DatabaseDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(place);
        return server.ApplicationPassword is { } password
            ? Task.FromResult(new DatabaseLogin(server.ApplicationRole, password))
            : throw new PermanentFailureException(
                $"Server '{server.Code}' has no password of its application's role '{server.ApplicationRole}', so the database '{place.Database}' is not "
                + "entered: 'roles plan' and 'roles apply' of the host give it one (docs/postgres-roles.md).");
    }
}
