using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>Which version of a template orders take: a candidate after its trial, all at once or a share before, and the one before again.</summary>
/// <remarks>
/// Every change is one transaction under the lock of the server and the template, which an order that chooses a version holds too: it
/// has the version of before or the one of after, and either has its database.
/// </remarks>
public sealed class TemplatePromotions(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Opens the trial of a candidate in the caller's transaction. Of two at once, the second is refused.</summary>
    public async Task<TemplateVersionResult> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, int number, int? canaryPercent, string who, string why,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await FindLockedAsync(connection, transaction, templateId, number, cancellationToken) is not { } version)
        {
            return NotFound(number);
        }

        if (version.State != TemplateVersionStates.Candidate)
        {
            return WrongState(version, version.State switch
            {
                TemplateVersionStates.Trial => $"job '{version.JobId}' is promoting it: wait for its end",
                TemplateVersionStates.Building => $"job '{version.JobId}' is building it: wait for its end",
                TemplateVersionStates.Current => "orders take it already",
                TemplateVersionStates.Previous => "roll the current version back to have it again",
                _ => "build another version",
            });
        }

        var others = await TemplateVersionRows.ListAsync(connection, transaction, templateId, cancellationToken);
        if (others.FirstOrDefault(o => o.State == TemplateVersionStates.Trial) is { } tried)
        {
            return new TemplateVersionResult.Refused(
                TemplateVersionRefusal.Busy, "number", $"Job '{tried.JobId}' is promoting version {tried.Number} of template '{tried.Code}': wait for its end.");
        }

        if (others.FirstOrDefault(o => o.CanaryPercent > 0 && o.Number != number) is { } canary)
        {
            return new TemplateVersionResult.Refused(
                TemplateVersionRefusal.Busy, "number",
                $"Version {canary.Number} of template '{canary.Code}' gets {canary.CanaryPercent} % of the orders: promote it or roll it back first.");
        }

        var now = time.GetUtcNow();
        var jobId = await TemplateVersionRows.NextJobAsync(connection, transaction, JobKinds.PromoteTemplateVersion, version, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.template_versions set state = 'trial', job_id = @jobId where template_id = @templateId and number = @number",
            new { jobId, templateId, number }, transaction, cancellationToken));
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.PromoteTemplateVersion, Subject = TemplateVersionRows.SubjectOf(version), RequestedBy = who }, cancellationToken);
        await TemplateVersionRows.NoteAsync(
            connection, transaction, version, TemplateVersionActions.Try, who, canaryPercent is { } share ? $"for {share} % of the orders: {why}" : why, now, cancellationToken);
        return new TemplateVersionResult.Begun(version with { State = TemplateVersionStates.Trial, JobId = jobId }, jobId);
    }

    /// <summary>Ends a trial well; repeating it answers the same.</summary>
    /// <exception cref="PermanentFailureException">The job does not try the version any more.</exception>
    public async Task<VersionPromoted> PromoteAsync(TrialEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var order = end.Order;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var version = await FindLockedAsync(connection, transaction, order.TemplateId, order.Number, cancellationToken);
        var isDone = version is not null && version.JobId == order.JobId && (version.State == TemplateVersionStates.Current
            || (version.State == TemplateVersionStates.Candidate && order.CanaryPercent is { } given && version.CanaryPercent == given));
        if (version is null || (!isDone && (version.State != TemplateVersionStates.Trial || version.JobId != order.JobId)))
        {
            throw new PermanentFailureException(
                $"Version {order.Number} of template '{order.Code}' is {version?.State ?? "gone"}: job '{order.JobId}' does not try it any more.");
        }

        var now = time.GetUtcNow();
        if (!isDone && order.CanaryPercent is { } percent)
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.template_versions set state = 'candidate', canary_percent = @percent, tried_at = @now, reason = null where template_id = @TemplateId and number = @Number",
                new { percent, now, order.TemplateId, order.Number }, transaction, cancellationToken));
            await TemplateVersionRows.NoteAsync(
                connection, transaction, version, TemplateVersionActions.Canary, order.RequestedBy, $"{percent} % of the orders: {order.Reason}", now, cancellationToken);
        }
        else if (!isDone)
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.template_versions set state = 'retired', retired_at = @now where template_id = @TemplateId and state = 'previous';
                update control.template_versions set state = 'previous' where template_id = @TemplateId and state = 'current';
                update control.template_versions set state = 'current', canary_percent = 0, tried_at = @now, promoted_at = @now, reason = null
                where template_id = @TemplateId and number = @Number
                """,
                new { now, order.TemplateId, order.Number }, transaction, cancellationToken));
            await PublishAsync(connection, transaction, order.TemplateId, cancellationToken);
            await TemplateVersionRows.NoteAsync(
                connection, transaction, version, TemplateVersionActions.Promote, order.RequestedBy, order.Reason, now, cancellationToken);
        }

        var promoted = new VersionPromoted(order.Code, order.Number, version.Database, version.ContentHash ?? string.Empty, order.CanaryPercent);
        await jobs.FinishAsync(
            connection, transaction, order.JobId, new JobEnd { Outcome = JobOutcomes.Succeeded, Result = promoted, Inventory = end.Inventory }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return promoted;
    }

    /// <summary>Ends a trial that failed: the version is a candidate again, and what orders take is as before; repeating it changes nothing.</summary>
    public async Task RefuseAsync(TrialEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var order = end.Order;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var version = await FindLockedAsync(connection, transaction, order.TemplateId, order.Number, cancellationToken);
        if (version is { State: TemplateVersionStates.Trial } && version.JobId == order.JobId)
        {
            var now = time.GetUtcNow();
            // One that got a share of the orders gets none after it failed.
            await connection.ExecuteAsync(Sql.Command(
                "update control.template_versions set state = 'candidate', canary_percent = 0, reason = @Reason where template_id = @TemplateId and number = @Number",
                new { end.Reason, order.TemplateId, order.Number }, transaction, cancellationToken));
            await TemplateVersionRows.NoteAsync(
                connection, transaction, version, TemplateVersionActions.Refuse, order.RequestedBy, end.Reason ?? "the trial failed", now, cancellationToken);
        }

        await jobs.FinishAsync(
            connection, transaction, order.JobId, new JobEnd { Outcome = JobOutcomes.Failed, Reason = end.Reason, Inventory = end.Inventory }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>
    /// Takes a version back, in the caller's transaction: of the current one, the one before is current again and it is a candidate; one
    /// that gets a share of the orders gets none.
    /// </summary>
    public async Task<TemplateVersionResult> RollBackAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, int number, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await FindLockedAsync(connection, transaction, templateId, number, cancellationToken) is not { } version)
        {
            return NotFound(number);
        }

        var now = time.GetUtcNow();
        if (version is { State: TemplateVersionStates.Candidate, CanaryPercent: > 0 })
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.template_versions set canary_percent = 0 where template_id = @templateId and number = @number",
                new { templateId, number }, transaction, cancellationToken));
        }
        else if (version.State != TemplateVersionStates.Current)
        {
            return WrongState(version, version.State == TemplateVersionStates.Trial
                ? $"job '{version.JobId}' is promoting it: wait for its end"
                : "only the current version, or one that gets a share of the orders, is rolled back");
        }
        else if (await connection.QuerySingleOrDefaultAsync<int?>(Sql.Command(
            "select number from control.template_versions where template_id = @templateId and state = 'previous'", new { templateId }, transaction, cancellationToken)) is not { } before)
        {
            return WrongState(version, "there is no version before it that could be taken");
        }
        else
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.template_versions set state = 'candidate' where template_id = @templateId and number = @number;
                update control.template_versions set state = 'current', promoted_at = @now where template_id = @templateId and number = @before
                """,
                new { templateId, number, before, now }, transaction, cancellationToken));
            await PublishAsync(connection, transaction, templateId, cancellationToken);
        }

        await TemplateVersionRows.NoteAsync(connection, transaction, version, TemplateVersionActions.Rollback, who, why, now, cancellationToken);
        return new TemplateVersionResult.Done((await TemplateVersionRows.FindAsync(connection, transaction, templateId, number, cancellationToken))!);
    }

    /// <summary>The version before the current one, or null.</summary>
    public async Task<TemplateVersion?> FindPreviousAsync(long templateId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<TemplateVersion>(Sql.Command(
            $"{TemplateVersionRows.Select} where v.template_id = @templateId and v.state = 'previous'", new { templateId }, cancellationToken));
    }

    // What orders and warm pools read.
    private static Task<int> PublishAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            update control.templates m set
              database = v.database, content_hash = v.content_hash, contents = v.contents, bytes = v.bytes, modules = v.modules,
              language = v.language, version = v.version, state = 'ready', reason = null, ready_at = v.ready_at
            from control.template_versions v
            where m.id = @templateId and v.template_id = m.id and v.state = 'current'
            """,
            new { templateId }, transaction, cancellationToken));

    private static async Task<TemplateVersion?> FindLockedAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, int number, CancellationToken cancellationToken)
    {
        if (await TemplateVersionRows.LockAsync(connection, transaction, templateId, cancellationToken) is null)
        {
            return null;
        }

        await TemplateVersionRows.FollowAsync(connection, transaction, templateId, TemplateVersionRows.Maker, cancellationToken);
        return await TemplateVersionRows.FindAsync(connection, transaction, templateId, number, cancellationToken);
    }

    internal static TemplateVersionResult NotFound(int number) => new TemplateVersionResult.Refused(
        TemplateVersionRefusal.NotFound, "number", $"The template has no version {number}; GET /api/templates/{{code}}/versions lists them.");

    internal static TemplateVersionResult WrongState(TemplateVersion version, string remedy) => new TemplateVersionResult.Refused(
        TemplateVersionRefusal.WrongState, "number", $"Version {version.Number} of template '{version.Code}' on server '{version.ServerCode}' is {version.State}: {remedy}.");
}
