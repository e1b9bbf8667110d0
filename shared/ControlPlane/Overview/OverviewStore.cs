using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Overview;

/// <summary>Counts what an operator looks at first: each by an index, however long the installation has lived.</summary>
public sealed class OverviewStore(NpgsqlDataSource database, TimeProvider time)
{
    private static readonly TimeSpan Day = TimeSpan.FromHours(24);
    private static readonly TimeSpan Soon = TimeSpan.FromDays(21);

    /// <summary>How everything stands now.</summary>
    public async Task<OverviewFigures> ReadAsync(CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var all = await connection.QueryMultipleAsync(Sql.Command(
            """
            select state as name, count(*) from control.tenants where state not in ('terminated', 'failed') group by state
            union all select 'failed', count(*) from control.tenants where state = 'failed' and ended_at > @since
            union all select 'terminated', count(*) from control.tenants where state = 'terminated' and ended_at > @since;

            select date_trunc('hour', finished_at, 'UTC') as hour,
                   count(*) filter (where outcome = 'succeeded')::int as succeeded,
                   count(*) filter (where outcome = 'failed')::int as failed,
                   count(*) filter (where outcome = 'cancelled')::int as cancelled
            from control.jobs where finished_at > @since group by 1 order by 1;

            select count(*) as open, min(created_at) as oldest_at from control.jobs where finished_at is null;

            select s.code, s.state, s.health, s.health_reason, s.draining, s.max_tenants,
                   (select count(*)::int from control.tenants t where t.server_id = s.id and t.state not in ('failed', 'terminated')) as tenants
            from control.servers s where s.removed_at is null order by s.sequence, s.code limit 200;

            select count(*) filter (where not_after < @soon) as ending_soon, count(*) filter (where failures > 0) as failing, min(not_after) as first_ends_at
            from control.certificates;

            select c.host, t.code as tenant, c.not_after, c.failures, c.last_failure
            from control.certificates c left join control.tenants t on t.id = c.tenant_id
            where c.not_after < @soon or c.failures > 0 order by c.not_after, c.host limit 10;

            select count(*) from control.missing_backups;

            select state as name, count(*) from control.billing_inbox where state in ('waiting', 'parked') group by state
            union all select 'refused', count(*) from control.billing_inbox where state = 'refused' and received_at > @since;

            select kind as name, count(*) from control.pending_items group by kind;
            """,
            new { since = now - Day, soon = now + Soon }, cancellationToken));
        return new OverviewFigures
        {
            At = now,
            Tenants = await CountsAsync(all),
            Hours = (await all.ReadAsync<HourOfJobs>()).AsList(),
            Jobs = await all.ReadSingleAsync<OpenJobs>(),
            Servers = (await all.ReadAsync<ServerFigures>()).AsList(),
            Certificates = await all.ReadSingleAsync<CertificateFigures>(),
            NextCertificates = (await all.ReadAsync<EndingCertificate>()).AsList(),
            BackupsMissing = await all.ReadSingleAsync<long>(),
            Billing = await CountsAsync(all),
            Pending = await CountsAsync(all),
        };
    }

    private static async Task<IReadOnlyDictionary<string, long>> CountsAsync(SqlMapper.GridReader all) =>
        (await all.ReadAsync<(string Name, long Count)>()).Where(c => c.Count > 0).ToDictionary(c => c.Name, c => c.Count, StringComparer.Ordinal);
}
