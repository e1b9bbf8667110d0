using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>Takes versions out of use, and says whose databases may be dropped: nobody clones from them any more.</summary>
public sealed class TemplateRetirements(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>
    /// SQL over the alias <c>v</c>: nobody clones from it. A tenant that is being provisioned names the database that it is cloned from;
    /// no order takes a retired version.
    /// </summary>
    private const string IsUnused =
        "not exists (select from control.tenants t where t.server_id = v.server_id and t.template_database = v.database and t.state = 'provisioning')";

    /// <summary>Takes a version out of use in the caller's transaction: a candidate, the one before the current one, or what is left of one that failed.</summary>
    public async Task<TemplateVersionResult> RetireAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, int number, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var template = await TemplateVersionRows.LockAsync(connection, transaction, templateId, cancellationToken);
        if (template is null || await TemplateVersionRows.FindAsync(connection, transaction, templateId, number, cancellationToken) is not { } version)
        {
            return TemplatePromotions.NotFound(number);
        }

        if (version.State is not (TemplateVersionStates.Candidate or TemplateVersionStates.Previous or TemplateVersionStates.Failed) || version.CanaryPercent > 0)
        {
            return TemplatePromotions.WrongState(version, version switch
            {
                { CanaryPercent: > 0 } => $"{version.CanaryPercent} % of the orders take it, so roll it back first",
                { State: TemplateVersionStates.Current } => "promote another version, or roll it back, first",
                { State: TemplateVersionStates.Retired } => "its database is dropped once nobody clones from it",
                _ => $"job '{version.JobId}' is at it, wait for its end",
            });
        }

        // Of one that failed, the name may be another's by now: then nothing of it is left under that name.
        if (version.State == TemplateVersionStates.Failed && await connection.ExecuteScalarAsync<int?>(Sql.Command(
            "select number from control.template_versions where server_id = @ServerId and database = @Database and state <> 'failed' and dropped_at is null",
            new { version.ServerId, version.Database }, transaction, cancellationToken)) is { } successor)
        {
            return TemplatePromotions.WrongState(version, $"version {successor} has its database name now, so there is nothing to remove");
        }

        var now = time.GetUtcNow();
        await connection.ExecuteAsync(Sql.Command(
            "update control.template_versions set state = 'retired', retired_at = @now where template_id = @templateId and number = @number",
            new { now, templateId, number }, transaction, cancellationToken));
        await TemplateVersionRows.NoteAsync(connection, transaction, version, TemplateVersionActions.Retire, who, why, now, cancellationToken);
        return new TemplateVersionResult.Done((await TemplateVersionRows.FindAsync(connection, transaction, templateId, number, cancellationToken))!);
    }

    /// <summary>Retired versions whose databases may be dropped now and whom no job drops already; those first that wait longest.</summary>
    public async Task<IReadOnlyList<TemplateVersion>> FindUnusedAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TemplateVersion>(Sql.Command(
            $"""
            {TemplateVersionRows.Select}
            where v.state = 'retired' and v.dropped_at is null and s.state in ('active', 'maintenance') and {IsUnused}
              and not exists (select from control.jobs j where j.id = v.job_id and j.kind = '{JobKinds.RetireTemplateVersion}'
                              and (j.finished_at is null or j.finished_at > @Before))
            order by v.retired_at limit @limit
            """,
            new { limit, Before = time.GetUtcNow() - TimeSpan.FromMinutes(10) }, cancellationToken))).AsList();
    }

    /// <summary>Opens the job that drops a retired version's database, in the caller's transaction; null if somebody still clones from it.</summary>
    public async Task<CreateTemplateOrder?> BeginDropAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, int number, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await TemplateVersionRows.LockAsync(connection, transaction, templateId, cancellationToken);
        var version = await connection.QuerySingleOrDefaultAsync<TemplateVersion>(Sql.Command(
            $"""
            {TemplateVersionRows.Select}
            where v.template_id = @templateId and v.number = @number and v.state = 'retired' and v.dropped_at is null and {IsUnused}
              and not exists (select from control.jobs j where j.id = v.job_id and j.finished_at is null)
            """,
            new { templateId, number }, transaction, cancellationToken));
        if (version is null)
        {
            return null;
        }

        var jobId = await TemplateVersionRows.NextJobAsync(connection, transaction, JobKinds.RetireTemplateVersion, version, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.template_versions set job_id = @jobId where template_id = @templateId and number = @number",
            new { jobId, templateId, number }, transaction, cancellationToken));
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.RetireTemplateVersion, Subject = TemplateVersionRows.SubjectOf(version), RequestedBy = who }, cancellationToken);
        return version.ToOrder(jobId, "none");
    }

    /// <summary>Ends the removal of a version's database; repeating it changes nothing.</summary>
    public async Task<VersionRetired> EndDropAsync(RetirementEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var version = end.Version;
        var reason = end.Reason ?? (end.Inventory.IsClean ? null : "Something of the version is still there, as the inventory shows.");
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.template_versions set reason = @reason, dropped_at = case when @reason::text is null then coalesce(dropped_at, @Now) end
            where template_id = @TemplateId and number = @Number and job_id = @JobId and state = 'retired'
            """,
            new { reason, Now = time.GetUtcNow(), version.TemplateId, version.Number, version.JobId }, transaction, cancellationToken));
        var retired = new VersionRetired(version.Code, version.Number, end.Inventory);
        await jobs.FinishAsync(
            connection, transaction, version.JobId,
            new JobEnd { Outcome = reason is null ? JobOutcomes.Succeeded : JobOutcomes.Failed, Reason = reason, Result = retired, Inventory = end.Inventory },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return retired;
    }

    /// <summary>Jobs that build or try versions and are open: the caller looks which of them have ended without a word.</summary>
    public async Task<IReadOnlyList<TemplateVersion>> FindAtWorkAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TemplateVersion>(Sql.Command(
            $"{TemplateVersionRows.Select} where v.state in ('building', 'trial') and v.job_id is not null", null, cancellationToken))).AsList();
    }
}
