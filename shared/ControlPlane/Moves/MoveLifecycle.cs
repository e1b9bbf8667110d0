using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Moves;

/// <summary>What moves do to tenants, and what becomes of the copies that they leave. Every method may be called again and answers the same.</summary>
public sealed class MoveLifecycle(
    NpgsqlDataSource database, JobStore jobs, IOptions<MoveOptions> options, TimeProvider time, ILogger<MoveLifecycle> logger)
{
    /// <summary>
    /// Makes the target the tenant's server, or the source again; the place on the other is held until the move ends. A step of an orchestration
    /// that was ended from outside may come late: where the move is being undone, the target is nobody's any more.
    /// </summary>
    /// <exception cref="PermanentFailureException">The move does not run any more.</exception>
    public async Task SwitchAsync(string jobId, bool toTarget, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(Sql.Command(
            """
            with moved as (
              update control.tenant_moves m
              set held_server_id = case when @toTarget then source_server_id else target_server_id end,
                  copy_server_id = case when @toTarget then source_server_id else target_server_id end
              where job_id = @jobId and state = 'moving' and (undo_attempts = 0 or not @toTarget)
              returning tenant_id, case when @toTarget then target_server_id else source_server_id end as server_id)
            update control.tenants t set server_id = moved.server_id
            from moved where t.id = moved.tenant_id and t.state = 'moving'
            """,
            new { jobId, toTarget }, transaction, cancellationToken));
        if (changed == 0)
        {
            throw new PermanentFailureException($"Job '{jobId}' does not move its tenant any more.");
        }

        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Ends a move: the tenant's state, the job, and until when the copy is kept.</summary>
    /// <exception cref="PermanentFailureException">No such move is known.</exception>
    public async Task EndAsync(MoveEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await TenantStore.LockAsync(connection, transaction, end.TenantId, cancellationToken);
        var move = await MoveStore.FindByJobAsync(connection, transaction, end.JobId, cancellationToken)
            ?? throw new PermanentFailureException($"No move is known of job '{end.JobId}'.");
        if (move.State is not (MoveStates.Moving or MoveStates.Scheduled))
        {
            return;
        }

        var now = time.GetUtcNow();
        var isMoved = end.Result is not null;
        var keepUntil = isMoved ? now + options.Value.KeepCopy : now;
        var hasCopy = isMoved || end.Inventory is { IsClean: false };
        var tenantState = move.WasSuspended ? TenantStates.Suspended : TenantStates.Active;
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants set state = @tenantState where id = @TenantId and state = 'moving' and @wasMoving;
            update control.tenant_moves
            set state = @state, held_server_id = null, ended_at = @now, outage_ms = @OutageMs, failure = @Reason,
                copy_server_id = case when @hasCopy then copy_server_id end, keep_until = case when @hasCopy then @keepUntil end
            where id = @Id;
            """,
            new
            {
                move.Id,
                end.TenantId,
                tenantState,
                wasMoving = move.State == MoveStates.Moving,
                state = isMoved ? MoveStates.Moved : MoveStates.Failed,
                now,
                end.Result?.OutageMs,
                end.Reason,
                hasCopy,
                keepUntil,
            },
            transaction, cancellationToken));
        await jobs.FinishAsync(
            connection, transaction, end.JobId,
            new JobEnd
            {
                Outcome = isMoved ? JobOutcomes.Succeeded : JobOutcomes.Failed,
                Result = end.Result is { } result ? result with { CopyKeptUntil = keepUntil } : null,
                Reason = end.Reason,
                Inventory = isMoved ? null : end.Inventory,
            },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, end.TenantId, tenantState, end.JobId);
    }

    /// <summary>Calls a move off that has not begun.</summary>
    public async Task<MoveResult> CancelAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long moveId, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await LockAsync(connection, transaction, moveId, cancellationToken) is not { } move)
        {
            return NoSuchMove();
        }

        if (move.State != MoveStates.Scheduled)
        {
            return move.State == MoveStates.Cancelled
                ? new MoveResult.Opened(move)
                : new MoveResult.WrongState($"The move is {move.State}: only one that has not begun is called off.");
        }

        var reason = $"Called off by {who} before it began.";
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_moves set state = 'cancelled', ended_at = @Now, failure = @reason where id = @moveId",
            new { moveId, reason, Now = time.GetUtcNow() }, transaction, cancellationToken));
        await jobs.FinishAsync(connection, transaction, move.JobId, new JobEnd { Outcome = JobOutcomes.Cancelled, Reason = reason }, cancellationToken);
        return new MoveResult.Opened(move with { State = MoveStates.Cancelled, Failure = reason });
    }

    /// <summary>Opens the job that removes the copy which a move left; null if there is none any more, or a job removes it already.</summary>
    /// <param name="connection">The caller's.</param>
    /// <param name="transaction">The caller's.</param>
    /// <param name="moveId">The move.</param>
    /// <param name="who">Who confirms it.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<(MoveResult Result, RemoveMovedCopyOrder? Order)> OpenRemovalAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long moveId, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await LockAsync(connection, transaction, moveId, cancellationToken) is not { } move)
        {
            return (NoSuchMove(), null);
        }

        if (move is not { State: MoveStates.Moved or MoveStates.Failed, CopyServerId: not null })
        {
            return (new MoveResult.WrongState(
                move.State is MoveStates.Moved or MoveStates.Failed ? "Nothing of the move is left to be removed." : $"The move is {move.State}: it has left no copy."), null);
        }

        if (await connection.QueryFirstOrDefaultAsync<string>(Sql.Command(
            "select id from control.jobs where tenant_id = @TenantId and kind = 'remove-moved-copy' and finished_at is null", new { move.TenantId }, transaction, cancellationToken)) is { } running)
        {
            return (new MoveResult.JobRunning($"Job '{running}' removes a copy of tenant '{move.TenantCode}': wait for its end."), null);
        }

        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.RemoveMovedCopy, move.TenantCode, move.TenantId, cancellationToken);
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = jobId,
                Kind = JobKinds.RemoveMovedCopy,
                TenantId = move.TenantId,
                TenantCode = move.TenantCode,
                Subject = move.TenantCode,
                RequestedBy = who,
                Changing = false,
            },
            cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_moves set confirmed_by = coalesce(confirmed_by, @who) where id = @moveId", new { moveId, who }, transaction, cancellationToken));
        return (new MoveResult.Opened(move), new RemoveMovedCopyOrder { MoveId = moveId, JobId = jobId, Code = move.TenantCode });
    }

    /// <summary>Ends a removal; what is not proved to be gone is tried again after an hour.</summary>
    public async Task EndRemovalAsync(MovedCopyEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var isGone = end is { Reason: null, Inventory.IsClean: true };
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenant_moves set copy_server_id = case when @isGone then null else copy_server_id end, keep_until = @again where id = @MoveId",
            new { end.MoveId, isGone, again = time.GetUtcNow() + TimeSpan.FromHours(1) }, transaction, cancellationToken));
        await jobs.FinishAsync(
            connection, transaction, end.JobId,
            new JobEnd
            {
                Outcome = isGone ? JobOutcomes.Succeeded : JobOutcomes.Failed,
                Reason = isGone ? null : end.Reason ?? "Something of the copy is left: the inventory shows what. It is tried again in an hour.",
                Inventory = end.Inventory,
            },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    private static async Task<TenantMove?> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long moveId, CancellationToken cancellationToken)
    {
        var tenantId = await connection.QuerySingleOrDefaultAsync<long?>(Sql.Command(
            "select m.tenant_id from control.tenant_moves m where m.id = @moveId",
            new { moveId }, transaction, cancellationToken));
        if (tenantId is null)
        {
            return null;
        }

        await TenantStore.LockAsync(connection, transaction, tenantId.Value, cancellationToken);
        return await connection.QuerySingleAsync<TenantMove>(Sql.Command($"{MoveStore.Select} where m.id = @moveId", new { moveId }, transaction, cancellationToken));
    }

    private static MoveResult.NotFound NoSuchMove() => new("There is no move with this id; GET /api/moves lists them.");
}
