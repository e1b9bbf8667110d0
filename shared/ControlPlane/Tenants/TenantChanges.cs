using System.Text.Json;
using System.Text.Json.Serialization;
using Bibind.Contracts;
using Bibind.ControlPlane.Servers;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What can be changed of a tenant without a job.</summary>
public sealed record TenantFields
{
    public required string Name { get; init; }
    public string? CustomerName { get; init; }
    public string? CustomerEmail { get; init; }

    /// <summary>Null: as many as the plan says.</summary>
    public int? MaxUsers { get; init; }

    /// <summary>Null: as many as the plan says.</summary>
    public long? MaxStorageBytes { get; init; }

    /// <summary>When it may be closed without being asked; null: at any time.</summary>
    public MaintenanceWindow? MaintenanceWindow { get; init; }

    /// <summary>As they are.</summary>
    public static TenantFields Of(Tenant tenant)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        return new TenantFields
        {
            Name = tenant.Name,
            CustomerName = tenant.CustomerName,
            CustomerEmail = tenant.CustomerEmail,
            MaxUsers = tenant.MaxUsers,
            MaxStorageBytes = tenant.MaxStorageBytes,
            MaintenanceWindow = tenant.ReadMaintenanceWindow(),
        };
    }

    /// <summary>Messages by field, as the field is called in JSON; empty if all is well.</summary>
    public static IReadOnlyDictionary<string, string[]> FindWrong(TenantFields fields) => TenantOrderValidation.Check(fields);
}

/// <summary>A change that was made.</summary>
public sealed record TenantChange
{
    public string ChangedBy { get; init; } = string.Empty;
    public string? Reason { get; init; }

    /// <summary>JSON text: by field, what it was (<c>from</c>) and what it is (<c>to</c>).</summary>
    public string Changes { get; init; } = "{}";
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>What became of the wish to change a tenant.</summary>
public abstract record TenantChangeResult
{
    private TenantChangeResult()
    {
    }

    /// <summary>It is as it was wanted.</summary>
    public sealed record Done(Tenant Tenant) : TenantChangeResult;

    /// <summary>There is no such tenant, or it is not the caller's.</summary>
    public sealed record NotFound : TenantChangeResult;

    /// <summary>It is not what was seen.</summary>
    public sealed record Stale(Tenant Tenant) : TenantChangeResult;

    /// <summary>It has failed, or was removed.</summary>
    public sealed record Ended(string State) : TenantChangeResult;
}

/// <summary>Changes what is told of tenants, and tells what was changed, by whom and why.</summary>
public sealed class TenantChanges(NpgsqlDataSource database, TimeProvider time, ILogger<TenantChanges> logger)
{
    private static readonly JsonSerializerOptions AsPeopleRead = new(JsonSerializerOptions.Web) { Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) } };

    /// <summary>Changes a tenant that lives.</summary>
    /// <param name="seen">The tenant as the change was made of.</param>
    /// <param name="wanted">What it is to be; valid.</param>
    /// <param name="who">Who changes it.</param>
    /// <param name="why">Why, where that was said.</param>
    /// <param name="customer">The customer whose tenant alone may be changed; null for operators.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    public async Task<TenantChangeResult> ChangeAsync(
        Tenant seen, TenantFields wanted, string who, string? why, string? customer, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(seen);
        ArgumentNullException.ThrowIfNull(wanted);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await TenantStore.LockAsync(connection, transaction, seen.Id, cancellationToken) is not { } tenant || (customer is not null && tenant.Customer != customer))
        {
            return new TenantChangeResult.NotFound();
        }

        if (tenant.State is TenantStates.Failed or TenantStates.Terminated)
        {
            return new TenantChangeResult.Ended(tenant.State);
        }

        if (tenant.Version != seen.Version)
        {
            return new TenantChangeResult.Stale(tenant);
        }

        var changes = Differences(TenantFields.Of(tenant), wanted);
        if (changes.Count == 0)
        {
            return new TenantChangeResult.Done(tenant);
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants set
              name = @Name, customer_name = @CustomerName, customer_email = @CustomerEmail, max_users = @MaxUsers, max_storage_bytes = @MaxStorageBytes,
              maintenance_window = cast(@window as jsonb)
            where id = @Id;
            insert into control.tenant_changes (tenant_id, changed_by, reason, changes, changed_at) values (@Id, @who, @why, @changes, @now);
            """,
            new
            {
                tenant.Id,
                wanted.Name,
                wanted.CustomerName,
                wanted.CustomerEmail,
                wanted.MaxUsers,
                wanted.MaxStorageBytes,
                window = wanted.MaintenanceWindow?.ToJson(),
                who,
                why,
                changes = new Sql.JsonParameter(Sql.ToJson(changes)),
                now,
            },
            transaction, cancellationToken));
        await TenantChecks.SetDueAsync(connection, transaction, tenant.Id, TenantCheckNames.Limits, now, cancellationToken);
        var changed = await connection.QuerySingleAsync<Tenant>(Sql.Command($"{TenantStore.Select} where t.id = @Id", new { tenant.Id }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantChanged(logger, who, tenant.Code, string.Join(", ", changes.Keys), why);
        return new TenantChangeResult.Done(changed);
    }

    /// <summary>What was changed of a tenant, the newest first.</summary>
    public async Task<Page<TenantChange>> ListAsync(long tenantId, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { tenantId, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select count(*) from control.tenant_changes where tenant_id = @tenantId", parameters, cancellationToken));
        var items = await connection.QueryAsync<TenantChange>(Sql.Command(
            """
            select changed_by, reason, changes::text as changes, changed_at from control.tenant_changes
            where tenant_id = @tenantId order by id desc offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<TenantChange>(items.AsList(), total, page.Number, page.Size);
    }

    // By the names that the fields have in JSON; days by theirs.
    private static Dictionary<string, FieldChange> Differences(TenantFields from, TenantFields to)
    {
        var before = JsonSerializer.SerializeToElement(from, AsPeopleRead);
        var after = JsonSerializer.SerializeToElement(to, AsPeopleRead);
        return before.EnumerateObject()
            .Select(field => (field.Name, From: field.Value, To: after.GetProperty(field.Name)))
            .Where(f => !JsonElement.DeepEquals(f.From, f.To))
            .ToDictionary(f => f.Name, f => new FieldChange(f.From, f.To), StringComparer.Ordinal);
    }
}
