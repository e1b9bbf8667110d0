using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Moves;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.Activities.Moves;

/// <summary>Starts moves and removals of copies that nobody asked for one by one: row and orchestration in one transaction.</summary>
public sealed class MoveStarts(NpgsqlDataSource database, MoveOpening opening, MoveLifecycle lifecycle, JobStore jobs, DurableTaskClient client)
{
    /// <summary>Starts the move of a tenant to whichever server is best, for another job.</summary>
    public async Task<MoveResult> MoveAsync(string tenantCode, string who, string why, string parent, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var result = await opening.OpenAsync(connection, transaction, tenantCode, new MoveWish { Reason = why, RequestedBy = who }, cancellationToken);
        if (result is MoveResult.Opened { Move: var move })
        {
            await client.StartJobAsync(
                Orchestrations.MoveTenant, new MoveTenantOrder { TenantId = move.TenantId, JobId = move.JobId, Code = move.TenantCode },
                move.JobId, JobKinds.Move, tenantCode, transaction, cancellationToken);
            await jobs.SetParentAsync(connection, transaction, move.JobId, parent, cancellationToken);
            await transaction.CommitAsync(cancellationToken);
        }

        return result;
    }

    /// <summary>Starts the removal of a copy whose time is up; false if that cannot be, or is under way.</summary>
    public async Task<bool> RemoveAsync(TenantMove move, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (_, order) = await lifecycle.OpenRemovalAsync(connection, transaction, move.Id, who, cancellationToken);
        if (order is null)
        {
            return false;
        }

        await client.StartJobAsync(Orchestrations.RemoveMovedCopy, order, order.JobId, JobKinds.RemoveMovedCopy, move.TenantCode, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    /// <summary>Starts the undoing of a move whose orchestration was ended from outside; false if another has, or it has ended.</summary>
    public async Task<bool> UndoAsync(TenantMove move, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(move);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await MoveStore.CountUndoAsync(connection, transaction, move, cancellationToken) is not { } undone)
        {
            return false;
        }

        var order = new MoveTenantOrder { TenantId = move.TenantId, JobId = move.JobId, Code = move.TenantCode, IsUndo = true };
        await client.StartJobAsync(Orchestrations.MoveTenant, order, undone.Instance, JobKinds.Move, move.TenantCode, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}

/// <summary>Starts the removal of copies whose time is up, and the undoing of moves that nobody makes any more.</summary>
public sealed class RemoveDueCopies(MoveStore moves, MoveStarts starts, JobOrchestrations orchestrations, TimeProvider time) : TaskActivity<Unit, int>
{
    private const int AtOnce = 20;

    /// <inheritdoc/>
    public override async Task<int> RunAsync(TaskActivityContext context, Unit input)
    {
        ArgumentNullException.ThrowIfNull(context);
        var started = 0;
        var running = await moves.ListRunningAsync(context.CancellationToken);
        foreach (var ended in await orchestrations.FindEndedAsync([.. running.Keys], context.CancellationToken))
        {
            started += await starts.UndoAsync(running[ended], context.CancellationToken) ? 1 : 0;
        }

        foreach (var move in await moves.ListDueAsync(time.GetUtcNow(), AtOnce, context.CancellationToken))
        {
            started += await starts.RemoveAsync(move, "sweep", context.CancellationToken) ? 1 : 0;
        }

        return started;
    }
}

/// <summary>Starts the next moves off a server that is drained.</summary>
public sealed class DrainNext(DrainStore drains, MoveStarts starts) : TaskActivity<DrainServerOrder, DrainRound>
{
    // Tenants that no server can take may come first; whom one can take is found behind them, though not behind any number.
    private const int MostRefusals = 20;

    /// <inheritdoc/>
    public override async Task<DrainRound> RunAsync(TaskActivityContext context, DrainServerOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var standing = await drains.LookAsync(order, cancellationToken);
        if (!standing.Draining)
        {
            return new DrainRound(standing.Left, standing.Moving, standing.Moving == 0, $"The mark was taken away from server '{order.Server}': {PlainText.Count(standing.Left, "tenant")} left on it.");
        }

        var moving = standing.Moving;
        var refusals = new List<string>();
        var isBusy = standing.Busy > 0;
        foreach (var code in standing.Next)
        {
            if (moving >= standing.AtOnce || refusals.Count >= MostRefusals)
            {
                break;
            }

            switch (await starts.MoveAsync(code, standing.RequestedBy, $"Server '{order.Server}' is drained.", order.JobId, cancellationToken))
            {
                case MoveResult.Opened:
                    moving++;
                    break;
                case MoveResult.NoServer none:
                    refusals.Add(none.Message);
                    break;
                case MoveResult.JobRunning or MoveResult.WrongState or MoveResult.NotFound:
                    // Another job has it; it comes again in the next round.
                    isBusy = true;
                    break;
            }
        }

        return moving > 0 || isBusy
            ? new DrainRound(standing.Left, moving, IsOver: false)
            : new DrainRound(standing.Left, 0, IsOver: true, ReasonOf(standing, refusals));
    }

    private static string? ReasonOf(DrainStanding standing, List<string> refusals)
    {
        if (standing.Left == 0)
        {
            return null;
        }

        var failed = standing.Failed.Count == 0 ? null : $"Could not be moved: {string.Join(", ", standing.Failed)}; their jobs say why.";
        return string.Join(' ', new[] { $"{PlainText.Count(standing.Left, "tenant")} left on the server.", refusals.FirstOrDefault(), failed }.OfType<string>());
    }
}
