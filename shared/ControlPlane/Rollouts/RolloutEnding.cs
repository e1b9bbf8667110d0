using Bibind.ControlPlane.Jobs;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>Halts and ends rollouts whose row is locked.</summary>
internal sealed class RolloutEnding(NpgsqlConnection connection, NpgsqlTransaction transaction, JobStore jobs, TimeProvider time)
{
    /// <summary>Halts it: a wave has failed more than it may.</summary>
    public async Task<RolloutStanding> HaltAsync(Rollout rollout, RolloutWave wave, CancellationToken cancellationToken)
    {
        var failed = (await connection.QueryAsync<string>(Sql.Command(
            """
            select t.code from control.rollout_tenants m join control.tenants t on t.id = m.tenant_id
            where m.rollout_id = @Id and m.wave = @Number and m.is_failure order by m.position limit 5
            """,
            new { rollout.Id, wave.Number }, transaction, cancellationToken))).AsList();
        var more = wave.Failures > failed.Count ? $" and {wave.Failures - failed.Count} more" : string.Empty;
        var known = wave.Forgiven > 0 ? $", of which {wave.Forgiven} were known when it was resumed" : string.Empty;
        var reason = $"Wave {wave.Number} has {PlainText.Count(wave.Failures, "failure")}{known}, and {wave.Limit} are allowed: {string.Join(", ", failed)}{more}. "
            + $"No further tenant is begun. Look at their jobs; then retry or skip them and resume (POST /api/rollouts/{rollout.Id}/resume), or cancel.";
        await connection.ExecuteAsync(Sql.Command(
            "update control.rollouts set state = 'halted', state_reason = @reason where id = @Id", new { rollout.Id, reason }, transaction, cancellationToken));
        await NoteAsync(rollout, "halt", reason, cancellationToken);
        return new RolloutStanding { State = RolloutStates.Halted, Reason = reason };
    }

    /// <summary>Ends it and closes its job.</summary>
    public async Task<RolloutStanding> EndAsync(Rollout rollout, string state, CancellationToken cancellationToken)
    {
        var result = await connection.QuerySingleAsync<RolloutSummary>(Sql.Command(
            """
            select r.version, r.tenants, r.passed_over, count(*) filter (where m.state = 'succeeded')::integer as succeeded, count(*) filter (where m.state = 'failed')::integer as failed,
                   count(*) filter (where m.state = 'rolled_back')::integer as rolled_back, count(*) filter (where m.state = 'skipped' and m.wave is not null)::integer as skipped
            from control.rollouts r left join control.rollout_tenants m on m.rollout_id = r.id
            where r.id = @Id group by r.id
            """,
            new { rollout.Id }, transaction, cancellationToken));
        var now = time.GetUtcNow();
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.rollouts set state = @state, ended_at = @now, state_reason = case when @state = 'completed' then null else state_reason end where id = @Id;
            update control.rollout_waves set ended_at = @now where rollout_id = @Id and started_at is not null and ended_at is null;
            """,
            new { rollout.Id, state, now }, transaction, cancellationToken));
        var isCompleted = state == RolloutStates.Completed;
        await jobs.FinishAsync(
            connection, transaction, rollout.JobId,
            new JobEnd { Outcome = isCompleted ? JobOutcomes.Succeeded : JobOutcomes.Cancelled, Reason = isCompleted ? null : rollout.StateReason, Result = result },
            cancellationToken);
        await NoteAsync(rollout, isCompleted ? "complete" : "cancelled", $"{result.Succeeded} of {PlainText.Count(result.Tenants, "tenant")} have {rollout.Version}.", cancellationToken);
        return new RolloutStanding { State = state, IsOver = true };
    }

    private Task<int> NoteAsync(Rollout rollout, string action, string why, CancellationToken cancellationToken) =>
        RolloutStore.NoteAsync(connection, transaction, new Noted(rollout.Id, null, action, RolloutProgress.Itself, why, time.GetUtcNow()), cancellationToken);
}

/// <summary>What came of a rollout; the result of its job.</summary>
public sealed record RolloutSummary
{
    public string Version { get; init; } = string.Empty;
    public int Tenants { get; init; }
    public int Succeeded { get; init; }
    public int Failed { get; init; }
    public int RolledBack { get; init; }
    public int Skipped { get; init; }
    public int PassedOver { get; init; }
}
