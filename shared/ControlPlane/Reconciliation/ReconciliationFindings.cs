using Bibind.ControlPlane.Notices;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Reconciliation;

/// <summary>What a recorded look came to.</summary>
/// <param name="IsOurs">False if another machine has taken the server over: nothing was recorded.</param>
/// <param name="ToRepair">Findings that two looks saw, are still there, and may be repaired.</param>
public sealed record RecordedLook(bool IsOurs, IReadOnlyList<Finding> ToRepair);

/// <summary>
/// Records what was seen of tenants. One look makes a suspicion; a second one that sees the same, with no job of the tenant between the two, makes
/// it count. What is not seen any more is closed; of what could not be asked nothing is concluded.
/// </summary>
public sealed class ReconciliationFindings(
    NpgsqlDataSource database, INotices notices, IOptions<ReconciliationOptions> options, TimeProvider time)
{
    // A store that is wiped is told once, and not ten thousand times.
    private const int MostNoticesPerHour = 50;

    private const string Select = "select f.*, t.code as tenant from control.reconciliation_findings f join control.tenants t on t.id = f.tenant_id";

    /// <summary>Records tenants that are all as they should be, in one statement; those with anything on record are left to <see cref="RecordAsync"/>.</summary>
    /// <returns>Those that were recorded.</returns>
    public async Task<IReadOnlySet<long>> RecordCleanAsync(
        ClaimedReconciliation claimed, IReadOnlyCollection<long> tenantIds, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<long>(Sql.Command(
            $"""
            update control.reconciliation_tenants r set due_at = {ReconciliationRounds.NextTurn}, looked_at = @now, failed_at = null, reason = null
            from control.reconciliation_servers w
            where w.server_id = @ServerId and w.claim = @Claim and r.tenant_id = any(@ids) and r.due_at <= @moment
              and not exists (select from control.reconciliation_findings f where f.tenant_id = r.tenant_id and f.closed_at is null)
            returning r.tenant_id
            """,
            new { claimed.ServerId, claimed.Claim, ids = tenantIds.ToArray(), moment, now = time.GetUtcNow(), seconds = options.Value.Interval.TotalSeconds },
            cancellationToken))).ToHashSet();
    }

    /// <summary>Records one look, in one transaction.</summary>
    public async Task<RecordedLook> RecordAsync(
        ClaimedReconciliation claimed, ReconciledTenant tenant, TenantLook look, DateTimeOffset moment, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(claimed);
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(look);
        var now = time.GetUtcNow();
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // Held until the end: nobody takes the claim over in between.
        var isOurs = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select true from control.reconciliation_servers where server_id = @ServerId and claim = @Claim for share", new { claimed.ServerId, claimed.Claim }, transaction, cancellationToken));
        if (!isOurs)
        {
            return new RecordedLook(false, []);
        }

        var known = (await connection.QueryAsync<Finding>(Sql.Command(
            $"{Select} where f.tenant_id = @Id and f.closed_at is null for update of f", new { tenant.Tenant.Id }, transaction, cancellationToken))).AsList();
        var isStill = await IsStillAsync(connection, transaction, tenant, cancellationToken);
        var work = new Recording(connection, transaction, tenant, now, cancellationToken);
        var toRepair = new List<Finding>();
        var isSuspected = false;
        if (!isStill)
        {
            // What was seen may be what the job was doing, and a suspicion may be of before it.
            await ForgetAsync(work, known.Where(f => f.ConfirmedAt is null));
        }
        else
        {
            await CloseAsync(work, known.Where(f => !look.Unknown.ContainsKey(FindingKinds.Of(f.Kind).Part) && !look.Observations.Any(o => IsOf(f, o))));
            foreach (var seen in look.Observations)
            {
                var confirmed = await SeeAsync(work, known.Find(f => IsOf(f, seen)), seen);
                isSuspected |= confirmed is null;
                if (confirmed is not null)
                {
                    toRepair.Add(confirmed);
                }
            }
        }

        var reason = look.Unknown.Count == 0 ? null : Cut(string.Join(' ', look.Unknown.Values.Distinct()));
        var soon = !isStill || isSuspected ? options.Value.ConfirmAfter : reason is null ? (TimeSpan?)null : options.Value.RetryInterval;
        await connection.ExecuteAsync(Sql.Command(
            $"""
            update control.reconciliation_tenants r
            set due_at = least(@soon, {ReconciliationRounds.NextTurn}), looked_at = @now, failed_at = case when @reason::text is null then null else @now end, reason = @reason
            where r.tenant_id = @Id and r.due_at <= @moment
            """,
            new { tenant.Tenant.Id, reason, moment, now, soon = soon is { } wait ? moment + wait : (DateTimeOffset?)null, seconds = options.Value.Interval.TotalSeconds },
            transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return new RecordedLook(true, toRepair);
    }

    // True if the tenant is as it was before anybody was asked, and no job has begun since.
    private static Task<bool> IsStillAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, ReconciledTenant tenant, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select exists (
              select from control.tenants t
              where t.id = @Id and t.state = @State and t.server_id = @ServerId
                and not exists (select from control.jobs j where j.tenant_id = t.id and j.finished_at is null)
                and (select max(j.created_at) from control.jobs j where j.tenant_id = t.id) is not distinct from @JobAt::timestamptz)
            """,
            new { tenant.Tenant.Id, tenant.Tenant.State, tenant.Tenant.ServerId, tenant.Facts.JobAt }, transaction, cancellationToken));

    // The finding, if it counts and may be repaired now or must be told; null for a suspicion.
    private async Task<Finding?> SeeAsync(Recording work, Finding? before, Observation seen)
    {
        var (words, subject) = (Cut(seen.Seen), seen.Subject);
        if (before is null)
        {
            await work.ExecuteAsync(
                """
                insert into control.reconciliation_findings (tenant_id, kind, subject, seen, first_seen_at, last_seen_at, job_at)
                values (@Id, @Kind, @subject, @words, @Now, @Now, @JobAt)
                """,
                new { work.Tenant.Tenant.Id, seen.Kind, subject, words, work.Now, work.Tenant.Facts.JobAt });
            return null;
        }

        if (before.ConfirmedAt is null && before.JobAt != work.Tenant.Facts.JobAt)
        {
            // A job ran between the two looks: this one is the first again.
            await work.ExecuteAsync(
                "update control.reconciliation_findings set seen = @words, first_seen_at = @Now, last_seen_at = @Now, job_at = @JobAt where id = @FindingId",
                new { FindingId = before.Id, words, work.Now, work.Tenant.Facts.JobAt });
            return null;
        }

        await work.ExecuteAsync(
            "update control.reconciliation_findings set seen = @words, last_seen_at = @Now, confirmed_at = coalesce(confirmed_at, @Now) where id = @FindingId",
            new { FindingId = before.Id, words, work.Now });
        var finding = before with { Seen = words, LastSeenAt = work.Now, ConfirmedAt = before.ConfirmedAt ?? work.Now };
        if (before.ConfirmedAt is null && !FindingKinds.Of(seen.Kind).IsRepaired)
        {
            await TellAsync(work.Connection, work.Transaction, finding, work.CancellationToken);
        }

        return finding;
    }

    private async Task CloseAsync(Recording work, IEnumerable<Finding> gone)
    {
        var findings = gone.ToList();
        await ForgetAsync(work, findings.Where(f => f.ConfirmedAt is null));
        foreach (var finding in findings.Where(f => f.ConfirmedAt is not null))
        {
            await work.ExecuteAsync("update control.reconciliation_findings set closed_at = @Now where id = @FindingId", new { FindingId = finding.Id, work.Now });
            if (IsToldHere(finding))
            {
                await notices.CloseAsync(work.Connection, work.Transaction, NoticeOf(finding), work.CancellationToken);
            }
        }
    }

    private static async Task ForgetAsync(Recording work, IEnumerable<Finding> suspicions)
    {
        if (suspicions.Select(f => f.Id).ToArray() is { Length: > 0 } ids)
        {
            await work.ExecuteAsync("delete from control.reconciliation_findings where id = any(@ids)", new { ids });
        }
    }

    /// <summary>Tells operators of a finding that is not repaired, once for each.</summary>
    internal async Task TellAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Finding finding, CancellationToken cancellationToken)
    {
        if (!IsToldHere(finding))
        {
            return;
        }

        var now = time.GetUtcNow();
        var told = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select count(*) from (select from control.notices where kind = @DriftFound and created_at > @since order by id desc limit @MostNoticesPerHour) n",
            new { NoticeKinds.DriftFound, since = now - TimeSpan.FromHours(1), MostNoticesPerHour }, transaction, cancellationToken));
        await notices.RaiseAsync(connection, transaction, told < MostNoticesPerHour ? NoticeOf(finding) : Notice.MuchDriftFound(now, MostNoticesPerHour), cancellationToken);
    }

    // A backup that is missing has a notice of its own, which whoever looks for those raises and closes.
    private static bool IsToldHere(Finding finding) => finding.Kind != FindingKinds.BackupMissing;

    private static Notice NoticeOf(Finding finding) =>
        Notice.DriftFound(finding.TenantId, finding.Kind, finding.Subject, finding.Seen, RemedyOf(finding), finding.Reason ?? "It is never repaired by itself.");

    /// <summary>What a person does about a finding.</summary>
    public static string RemedyOf(Finding finding)
    {
        ArgumentNullException.ThrowIfNull(finding);
        return FindingKinds.Of(finding.Kind).Remedy.Replace("{code}", finding.Tenant, StringComparison.Ordinal);
    }

    private static bool IsOf(Finding finding, Observation seen) => finding.Kind == seen.Kind && finding.Subject == seen.Subject;

    // Names in it may be a tenant's, or whatever a server answered.
    private static string Cut(string text)
    {
        const int Longest = 1000;
        var plain = PlainText.Escape(text);
        return plain.Length <= Longest ? plain : $"{plain[..Longest]}…";
    }

    private sealed record Recording(
        NpgsqlConnection Connection, NpgsqlTransaction Transaction, ReconciledTenant Tenant, DateTimeOffset Now, CancellationToken CancellationToken)
    {
        public Task<int> ExecuteAsync(string sql, object parameters) => Connection.ExecuteAsync(Sql.Command(sql, parameters, Transaction, CancellationToken));
    }
}
