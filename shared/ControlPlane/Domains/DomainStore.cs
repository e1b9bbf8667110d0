using Bibind.Contracts;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Domains;

/// <summary>Reads customers' own host names; <see cref="DomainLifecycle"/> changes them.</summary>
public sealed class DomainStore(NpgsqlDataSource database, TenantStore tenants, TimeProvider time) : ITenantDomains
{
    // No step takes that long; a job that was ended from outside must not hold up a removal for ever.
    private static readonly TimeSpan LongestSetUp = TimeSpan.FromMinutes(20);

    /// <summary>The tenant's names, oldest first.</summary>
    public async Task<IReadOnlyList<Domain>> ListAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Domain>(Sql.Command(
            "select * from control.domains where tenant_id = @tenantId order by id", new { tenantId }, cancellationToken))).AsList();
    }

    /// <summary>One of the tenant's names, or null.</summary>
    public async Task<Domain?> FindAsync(long tenantId, string name, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Domain>(Sql.Command(
            "select * from control.domains where tenant_id = @tenantId and name = @name", new { tenantId, name }, cancellationToken));
    }

    /// <summary>The row of a job's order, or null.</summary>
    public async Task<Domain?> FindAsync(long domainId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Domain>(Sql.Command(
            "select * from control.domains where id = @domainId", new { domainId }, cancellationToken));
    }

    /// <summary>True if another tenant has proved the name, so that nobody else can get it.</summary>
    public async Task<bool> IsLostAsync(DomainOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select exists (
              select from control.domains where name = @Name and tenant_id <> @TenantId and proved_at is not null and state <> 'failed')
            """,
            new { order.Name, order.TenantId }, cancellationToken));
    }

    /// <summary>Every living tenant that a certificate serves: one, or for the platform's own all of them.</summary>
    public async Task<IReadOnlyList<TenantDescriptor>> ServedAsync(long? tenantId, string host, string jobId, CancellationToken cancellationToken)
    {
        if (tenantId is { } id)
        {
            return await tenants.GetAsync(id, cancellationToken) is { State: not (TenantStates.Terminated or TenantStates.Failed or TenantStates.Terminating) } tenant
                ? [DomainDescriptors.At(tenant.ToPlace(jobId), tenant.Host, host)]
                : [];
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var all = await connection.QueryAsync<Tenant>(Sql.Command(
            $"{TenantStore.Select} where t.state in ('active', 'suspended') order by t.id", new { }, cancellationToken));
        return [.. all.Select(t => DomainDescriptors.At(t.ToPlace(jobId), t.Host, t.Host))];
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<TenantDescriptor>> BesidesAsync(TenantDescriptor place, bool onlyActive, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var names = await connection.QueryAsync<string>(Sql.Command(
            """
            select d.name from control.domains d join control.tenants t on t.id = d.tenant_id
            where t.id = @TenantId and t.host = @Host and (d.state = 'active' or not @onlyActive)
            order by d.id
            """,
            new { place.TenantId, place.Host, onlyActive }, cancellationToken));
        return [.. names.Select(name => DomainDescriptors.At(place, place.Host, name))];
    }

    /// <inheritdoc/>
    public async Task<string?> CloseAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.domains d set state = 'removing', updated_at = @Now
            from control.tenants t
            where t.id = d.tenant_id and t.id = @TenantId and t.host = @Host and d.state <> 'removing'
              and (d.state <> 'issuing' or d.updated_at < @Abandoned)
            """,
            new { place.TenantId, place.Host, Now = time.GetUtcNow(), Abandoned = time.GetUtcNow() - LongestSetUp }, cancellationToken));
        return await connection.QueryFirstOrDefaultAsync<string>(Sql.Command(
            """
            select d.name from control.domains d join control.tenants t on t.id = d.tenant_id
            where t.id = @TenantId and t.host = @Host and d.state = 'issuing'
            """,
            new { place.TenantId, place.Host }, cancellationToken));
    }
}

/// <summary>Says where a tenant is at one of its names.</summary>
public static class DomainDescriptors
{
    /// <summary>The tenant at a name, which it is reached by over the same scheme.</summary>
    /// <param name="place">The tenant at any of its names.</param>
    /// <param name="platformHost">Its name at the platform.</param>
    /// <param name="name">The name that is wanted.</param>
    public static TenantDescriptor At(TenantDescriptor place, string platformHost, string name)
    {
        ArgumentNullException.ThrowIfNull(place);
        var scheme = place.BaseUrl.StartsWith("http://", StringComparison.Ordinal) ? "http" : "https";
        return place with { Host = name, BaseUrl = $"{scheme}://{name}", ApplicationHost = name == platformHost ? null : platformHost };
    }
}
