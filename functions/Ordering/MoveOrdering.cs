using Bibind.Activities.Database.Lifecycle;
using Bibind.Activities.Moves;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Moves;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>Where a tenant would be moved now, and what was looked at before.</summary>
/// <param name="Tenant">Its code.</param>
/// <param name="From">The server that it is on.</param>
/// <param name="To">The server that it would be on.</param>
/// <param name="Ready">True if nothing speaks against it.</param>
/// <param name="Checks">What was looked at.</param>
public sealed record MovePreview(string Tenant, string From, string To, bool Ready, IReadOnlyList<MoveCheck> Checks);

/// <summary>A job about a server that was accepted.</summary>
/// <param name="Server">The server.</param>
/// <param name="Job">The id of the job.</param>
public sealed record ServerJobAccepted(string Server, string Job);

/// <summary>Takes orders about moves: rows and orchestration in one transaction.</summary>
public sealed class MoveOrdering(
    NpgsqlDataSource database, CommandTransaction transactions, MoveOpening opening, MoveLifecycle lifecycle, DrainStore drains, MovePlaces places, MoveChecks checks)
{
    /// <summary>Orders the move of a tenant.</summary>
    /// <exception cref="ProblemException">404, 409 or 422: it cannot be moved.</exception>
    public Task<OrderResponse> MoveAsync(string code, MoveWish wish, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var move = Require(await opening.OpenAsync(work.Connection, work.Transaction, code, wish, work.CancellationToken));
                var order = new MoveTenantOrder { TenantId = move.TenantId, JobId = move.JobId, Code = move.TenantCode, StartAt = move.StartAt?.UtcDateTime };
                await work.StartAsync(Orchestrations.MoveTenant, order, move.JobId, JobKinds.Move, move.TenantCode, wish.RequestedBy);
                var state = move.State == MoveStates.Moving ? TenantStates.Moving : move.WasSuspended ? TenantStates.Suspended : TenantStates.Active;
                return new AcceptedOrder(JobLocation.Of(move.JobId), new TenantAccepted(move.TenantCode, state, move.JobId));
            },
            cancellation);

    /// <summary>Says what would become of a move that was ordered now; nothing is changed.</summary>
    /// <exception cref="ProblemException">404, 409 or 422: it would be refused.</exception>
    public async Task<MovePreview> PreviewAsync(string code, MoveWish wish, CancellationToken cancellation)
    {
        TenantMove move;
        await using (var connection = await database.OpenConnectionAsync(cancellation))
        {
            // Never committed: what is reserved is reserved for as long as the answer takes.
            await using var transaction = await connection.BeginTransactionAsync(cancellation);
            move = Require(await opening.OpenAsync(connection, transaction, code, wish with { StartAt = null }, cancellation));
        }

        var begun = await places.OfAsync(move, cancellation);
        var found = await checks.RunAsync(begun.Source!, begun.Target!, begun.SharesFiles, cancellation);
        return new MovePreview(move.TenantCode, move.SourceServer, move.TargetServer!, found.All(c => c.State != MoveCheck.Failed), found);
    }

    /// <summary>Confirms a move: the copy on the former server is removed.</summary>
    /// <exception cref="ProblemException">404 or 409: there is none.</exception>
    public Task<OrderResponse> ConfirmAsync(long moveId, string who, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var (result, order) = await lifecycle.OpenRemovalAsync(work.Connection, work.Transaction, moveId, who, work.CancellationToken);
                var move = Require(result);
                await work.StartAsync(Orchestrations.RemoveMovedCopy, order!, order!.JobId, JobKinds.RemoveMovedCopy, move.TenantCode, who);
                return new AcceptedOrder(JobLocation.Of(order.JobId), new TenantAccepted(move.TenantCode, move.State, order.JobId));
            },
            cancellation);

    /// <summary>Calls a move off that has not begun.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be called off.</exception>
    public async Task<TenantMove> CancelAsync(long moveId, string who, CancellationToken cancellation) =>
        await transactions.RunAsync(
            async work => Require(await lifecycle.CancelAsync(work.Connection, work.Transaction, moveId, who, work.CancellationToken)), cancellation);

    /// <summary>Orders that the tenants of a draining server are moved elsewhere.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be emptied now.</exception>
    public Task<OrderResponse> EmptyAsync(string server, int atOnce, string who, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var (order, refused) = await drains.OpenAsync(work.Connection, work.Transaction, server, atOnce, who, work.CancellationToken);
                if (order is null)
                {
                    throw new ProblemException(OrderProblems.Of(refused!));
                }

                await work.StartAsync(
                    Orchestrations.DrainServer, order, new JobToStart(order.JobId, JobKinds.DrainServer, server, who) { Tag = new("server", server) });
                return new AcceptedOrder(JobLocation.Of(order.JobId), new ServerJobAccepted(server, order.JobId));
            },
            cancellation);

    private static TenantMove Require(MoveResult result) =>
        result is MoveResult.Opened opened ? opened.Move : throw new ProblemException(OrderProblems.Of(result));
}
