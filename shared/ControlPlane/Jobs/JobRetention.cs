using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>Which ended jobs are to be forgotten; null means any.</summary>
public sealed record JobPurge
{
    /// <summary>Only those that ended before.</summary>
    public required DateTimeOffset EndedBefore { get; init; }
    public string? Kind { get; init; }
    public string? TenantCode { get; init; }
}

/// <summary>
/// Forgets jobs that ended long ago. The newest of each kind of a tenant is kept, for the next one's number follows it, and so is what another record
/// refers to.
/// </summary>
public sealed class JobRetention(NpgsqlDataSource database)
{
    private const string Forgettable =
        """
        from control.jobs j
        where j.finished_at < @EndedBefore and j.tenant_id is not null
          and (@Kind::text is null or j.kind = @Kind) and (@TenantCode::text is null or j.tenant_code = @TenantCode)
          and exists (
            select from control.jobs n
            where n.tenant_id = j.tenant_id and n.kind = j.kind and (n.created_at, n.id) > (j.created_at, j.id))
          and not exists (select from control.webhook_deliveries r where r.job_id = j.id)
          and not exists (select from control.domains r where r.job_id = j.id)
          and not exists (select from control.domain_purchases r where r.job_id = j.id)
          and not exists (select from control.billing_inbox r where r.job_id = j.id)
          and not exists (select from control.tenant_moves r where r.job_id = j.id)
          and not exists (select from control.tenant_upgrades r where j.id in (r.job_id, r.rollback_job_id))
          and not exists (select from control.tenant_staging r where r.job_id = j.id)
        """;

    /// <summary>Jobs that may be forgotten, those that ended first.</summary>
    public async Task<IReadOnlyList<Job>> FindAsync(JobPurge purge, int limit, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(purge);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Job>(Sql.Command(
            $"select j.* {Forgettable} order by j.finished_at limit @limit",
            new { purge.EndedBefore, purge.Kind, purge.TenantCode, limit }, cancellationToken))).AsList();
    }

    /// <summary>Forgets one that has ended, with what people did to it; false if there is none.</summary>
    public async Task<bool> ForgetAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command("delete from control.jobs where id = @id and finished_at is not null", new { id }, cancellationToken)) > 0;
    }
}
