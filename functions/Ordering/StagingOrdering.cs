using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Staging;
using Bibind.ControlPlane.Tenants;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Ordering;

/// <summary>Takes orders for staging copies: rows and orchestration in one transaction.</summary>
public sealed class StagingOrdering(CommandTransaction transactions, StagingOpening opening, StagingStore copies, Reservations reservations)
{
    /// <summary>Orders a staging copy of a tenant, or its refreshing where there is one.</summary>
    /// <exception cref="ProblemException">404, 409 or 422: it cannot be had now.</exception>
    public Task<OrderResponse> OrderAsync(StagingOrder order, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(request);
        return transactions.RunAsync(
            request,
            async work =>
            {
                var accepted = await opening.OpenAsync(work.Connection, work.Transaction, order, work.CancellationToken) switch
                {
                    StagingResult.New wanted => await MakeAsync(work, order, wanted, isCustomers: request.Customer is not null),
                    StagingResult.Refresh(var refresh, var state) => await RefreshAsync(work, order, refresh, state),
                    var refused => throw new ProblemException(OrderProblems.Of(refused)),
                };
                return new AcceptedOrder(JobLocation.Of(accepted.Job), accepted);
            },
            cancellation);
    }

    /// <summary>Gives the copy of a tenant another day to be removed on.</summary>
    /// <exception cref="ProblemException">404, 409 or 412: there is none, it has ended, or it was changed meanwhile.</exception>
    public async Task<StagingCopy> ExtendAsync(string source, DateTimeOffset expiresAt, IReadOnlyCollection<string>? expected, CancellationToken cancellation)
    {
        var copy = await copies.FindAsync(source, cancellation) ?? throw NotFound();
        if (expected is not null && !expected.Contains(TagOf(copy)))
        {
            throw Stale(copy);
        }

        if (!await copies.ExtendAsync(copy.TenantId, expiresAt.ToUniversalTime(), expected is null ? null : [copy.Version], cancellation))
        {
            var now = await copies.FindAsync(source, cancellation) ?? throw NotFound();
            throw now.TenantId == copy.TenantId && now.Version == copy.Version
                ? new ProblemException(ProblemFactory.Conflict("staging-ended", "The staging copy has ended", $"The staging copy '{copy.Code}' is {now.State}: order a new one."))
                : Stale(now);
        }

        return await copies.FindAsync(source, cancellation) ?? throw NotFound();
    }

    /// <summary>The version that a change is to name.</summary>
    internal static string TagOf(StagingCopy copy) => FormattableString.Invariant($"{copy.TenantId}.{copy.Version}");

    internal static ProblemException NotFound() =>
        new(ProblemFactory.NotFound("The tenant has no staging copy, or there is no such tenant; POST /api/tenants/{code}/staging makes one."));

    private async Task<TenantAccepted> MakeAsync(UnitOfWork work, StagingOrder order, StagingResult.New wanted, bool isCustomers)
    {
        ReservationRefused? refused = null;
        foreach (var candidate in wanted.Orders)
        {
            var result = await reservations.ReserveAsync(work.Connection, work.Transaction, candidate, work.CancellationToken);
            if (result is Reservation reservation)
            {
                await opening.RecordAsync(work.Connection, work.Transaction, wanted, reservation, order.RequestedBy, work.CancellationToken);
                var making = new MakeStagingCopyOrder
                {
                    TenantId = reservation.TenantId,
                    JobId = reservation.JobId,
                    Code = candidate.Code,
                    Content = new StagingContent(wanted.SourceTenantId, order.Source, wanted.Masking),
                };
                await work.StartAsync(Orchestrations.MakeStagingCopy, making, reservation.JobId, JobKinds.Provision, candidate.Code, order.RequestedBy);
                return new TenantAccepted(candidate.Code, TenantStates.Provisioning, reservation.JobId);
            }

            refused = (ReservationRefused)result;
            if (refused.Kind is not (ReservationRefusalKind.CodeTaken or ReservationRefusalKind.HostTaken or ReservationRefusalKind.DatabaseTaken))
            {
                break;
            }
        }

        throw new ProblemException(isCustomers ? OrderProblems.ForCustomers(refused!) : OrderProblems.Of(refused!));
    }

    private static async Task<TenantAccepted> RefreshAsync(UnitOfWork work, StagingOrder order, RestoreTenantOrder refresh, string state)
    {
        await work.StartAsync(Orchestrations.RefreshStagingCopy, refresh, refresh.JobId, JobKinds.Restore, refresh.Code, order.RequestedBy, refresh.BackupId);
        return new TenantAccepted(refresh.Code, state, refresh.JobId);
    }

    private static ProblemException Stale(StagingCopy copy) => new(EntityTag.Stale($"The staging copy '{copy.Code}'", TagOf(copy)));
}
