using System.Globalization;
using Bibind.ControlPlane.Backups;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Alerts;

/// <summary>Looks in the control database for what is wrong.</summary>
public sealed class AlertSources(NpgsqlDataSource database, MissingBackups missing, TimeProvider time)
{
    private const int Most = AlertStore.MostOfAKind + 1;

    // Longer than the orchestration waits between two looks.
    private static readonly TimeSpan SupportLimit = TimeSpan.FromMinutes(15);

    /// <summary>
    /// Jobs that failed lately and whose work was not done since: one cause for each kind of job and what it is about, however often it failed.
    /// </summary>
    public async Task<IReadOnlyList<AlertCause>> FindFailedJobsAsync(TimeSpan since, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(
            """
            select subject, reason from (
              select distinct on (j.kind, j.subject) j.kind || ' ' || j.subject as subject, 'Job ' || j.id || ' has failed: ' || coalesce(j.reason, 'it did not say why.') as reason, j.finished_at
              from control.jobs j
              where j.outcome = 'failed' and j.finished_at > @since
                and not exists (select from control.jobs l where l.subject = j.subject and l.kind = j.kind and l.created_at > j.created_at and l.outcome in ('succeeded', 'cancelled'))
              order by j.kind, j.subject, j.finished_at desc) f
            order by finished_at desc limit @Most
            """,
            new { since = time.GetUtcNow() - since, Most }, cancellationToken);
        return [.. rows.Select(r => new AlertCause(r.Subject, AlertSeverities.Warning, r.Reason))];
    }

    /// <summary>What the checks of servers found: of the kind <c>offline</c>, or of any other.</summary>
    public async Task<IReadOnlyList<AlertCause>> FindServersAsync(bool offline, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(
            """
            select case when @offline then s.code else s.code || ' ' || a.kind end as subject, a.reason
            from control.server_alerts a join control.servers s on s.id = a.server_id
            where a.cleared_at is null and (a.kind = 'offline') = @offline order by a.raised_at limit @Most
            """,
            new { offline, Most }, cancellationToken);
        return [.. rows.Select(r => new AlertCause(r.Subject, offline ? AlertSeverities.Critical : AlertSeverities.Warning, r.Reason))];
    }

    /// <summary>Certificates whose renewal failed more than once, or that end soon: those are critical.</summary>
    public async Task<IReadOnlyList<AlertCause>> FindCertificatesAsync(TimeSpan endsWithin, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var rows = await connection.QueryAsync<CertificateRow>(Sql.Command(
            """
            select host, not_after, failures, last_failure, not_after <= @soon as ends_soon from control.certificates
            where failures >= 2 or not_after <= @soon order by not_after limit @Most
            """,
            new { soon = time.GetUtcNow() + endsWithin, Most }, cancellationToken));
        return
        [
            .. rows.Select(r => new AlertCause(
                r.Host,
                r.EndsSoon ? AlertSeverities.Critical : AlertSeverities.Warning,
                string.Create(CultureInfo.InvariantCulture, $"The certificate ends {r.NotAfter.UtcDateTime:yyyy-MM-dd HH:mm} UTC; {r.Failures} renewals have failed: {r.LastFailure ?? "none said why."}"))),
        ];
    }

    /// <summary>Servers with tenants that lack a recent backup.</summary>
    public async Task<IReadOnlyList<AlertCause>> FindMissingBackupsAsync(CancellationToken cancellationToken) =>
    [
        .. (await missing.CountAsync(cancellationToken)).Select(c => new AlertCause(
            c.Server, AlertSeverities.Warning, string.Create(CultureInfo.InvariantCulture, $"{c.Tenants} tenants have no recent backup: GET /api/backups/missing."))),
    ];

    /// <summary>Tenants with messages of billing that were parked longer ago.</summary>
    public async Task<IReadOnlyList<AlertCause>> FindParkedBillingAsync(TimeSpan after, CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(
            """
            select tenant as subject, count(*) || ' messages of billing are parked, the first ' || (array_agg(id order by received_at))[1] || ': '
              || coalesce((array_agg(reason order by received_at))[1], 'it was not said why.') as reason
            from control.billing_inbox where state = 'parked' and received_at <= @before group by tenant order by min(received_at) limit @Most
            """,
            new { before = time.GetUtcNow() - after, Most }, cancellationToken);
        return [.. rows.Select(r => new AlertCause(r.Subject, AlertSeverities.Warning, r.Reason))];
    }

    /// <summary>Operators' accesses whose time is over, or that were revoked, and whose account is not known to be gone.</summary>
    public async Task<IReadOnlyList<AlertCause>> FindOverdueSupportAsync(CancellationToken cancellationToken)
    {
        var rows = await QueryAsync(
            """
            select id || ' ' || tenant_code as subject, format(
              'The account of %s in the application of tenant %L is to be removed since %s UTC, and is not known to be gone: GET /api/jobs/%s',
              requested_by, tenant_code, to_char(least(revoked_at, expires_at) at time zone 'UTC', 'YYYY-MM-DD HH24:MI'), job_id) as reason
            from control.support_accesses
            where state in ('granting', 'open', 'ending') and least(revoked_at, expires_at) < @before order by id limit @Most
            """,
            new { before = time.GetUtcNow() - SupportLimit, Most }, cancellationToken);
        return [.. rows.Select(r => new AlertCause(r.Subject, AlertSeverities.Critical, r.Reason))];
    }

    private async Task<IEnumerable<Row>> QueryAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync<Row>(Sql.Command(sql, parameters, cancellationToken));
    }

    private sealed record Row
    {
        public string Subject { get; init; } = string.Empty;
        public string Reason { get; init; } = string.Empty;
    }

    private sealed record CertificateRow
    {
        public string Host { get; init; } = string.Empty;
        public DateTimeOffset NotAfter { get; init; }
        public int Failures { get; init; }
        public string? LastFailure { get; init; }
        public bool EndsSoon { get; init; }
    }
}
