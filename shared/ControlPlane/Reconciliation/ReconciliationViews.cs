using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Reconciliation;

/// <summary>Reads findings.</summary>
public sealed class ReconciliationViews(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>Findings by page, newest first; suspicions are none yet.</summary>
    public async Task<Page<Finding>> ListAsync(FindingFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string From =
            """
            from control.reconciliation_findings f join control.tenants t on t.id = f.tenant_id
            where f.confirmed_at is not null
              and (@Tenant::text is null or t.code = @Tenant)
              and (@Kind::text is null or f.kind = @Kind)
              and (@State::text is null or (f.closed_at is null) = (@State = 'open'))
            """;
        page = page.Checked();
        var parameters = new { filter.Tenant, filter.Kind, filter.State, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {From}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Finding>(Sql.Command(
            $"select f.*, t.code as tenant {From} order by f.id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Finding>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>How many findings of each kind are open; kinds without any are there too.</summary>
    public async Task<IReadOnlyList<FindingCount>> CountAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var counts = (await connection.QueryAsync<FindingCount>(Sql.Command(
            "select kind, count(*) as open from control.reconciliation_findings where confirmed_at is not null and closed_at is null group by kind", null, cancellationToken)))
            .ToDictionary(c => c.Kind, c => c.Open, StringComparer.Ordinal);
        return [.. FindingKinds.Names.Union(counts.Keys).Select(kind => new FindingCount(kind, counts.GetValueOrDefault(kind)))];
    }

    /// <summary>How tenants and repairs stand.</summary>
    public async Task<ReconciliationStanding> StandAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<ReconciliationStanding>(Sql.Command(
            """
            select (select count(*) from control.reconciliation_tenants) as tenants,
                   (select count(*) from control.reconciliation_tenants where reason is not null) as unknown,
                   (select count(*) from control.reconciliation_repairs where began_at > @since) as repairs
            """,
            new { since = time.GetUtcNow() - TimeSpan.FromHours(1) }, cancellationToken));
    }
}

/// <summary>How tenants and repairs stand.</summary>
/// <param name="Tenants">Tenants that are looked at.</param>
/// <param name="Unknown">Those of which something could not be asked last.</param>
/// <param name="Repairs">Repairs within the last hour.</param>
public sealed record ReconciliationStanding(long Tenants, long Unknown, long Repairs);
