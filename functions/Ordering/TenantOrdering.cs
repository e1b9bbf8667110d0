using Bibind.Activities.Callers;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Subscriptions;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Webhooks;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Microsoft.Extensions.Options;

namespace Bibind.Functions.Ordering;

/// <summary>What was done about an order.</summary>
/// <param name="Code">The tenant.</param>
/// <param name="State">Its state now.</param>
/// <param name="Job">The id of the job.</param>
public sealed record TenantAccepted(string Code, string State, string Job);

/// <summary>Where the subscription of an ordered tenant comes from.</summary>
/// <param name="StartedAt">When it begins.</param>
/// <param name="Sequence">The number of billing's message.</param>
/// <param name="Cause">What opened it.</param>
public sealed record SubscriptionOrigin(DateTimeOffset StartedAt, long Sequence, SubscriptionCause Cause);

/// <summary>Which record of which console asks for something.</summary>
public sealed record WebhookRecord(string Caller, string Model, long RecordId)
{
    /// <summary>The customer whose tenants are all that the console reaches; null if it reaches every tenant.</summary>
    public string? Customer { get; init; }

    /// <summary>What the job tells about the delivery.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Takes orders about tenants, from API, webhook and queue.</summary>
public sealed class TenantOrdering(
    CommandTransaction transactions,
    Reservations reservations,
    TenantLifecycle lifecycle,
    WebhookDeliveries deliveries,
    JobStore jobs,
    TenantStore tenants,
    OrderCatalogue catalogue,
    SubscriptionStore subscriptions,
    IOptions<CallbackOptions> callbacks,
    ILogger<TenantOrdering> logger)
{
    /// <summary>
    /// Says what is wrong with an order, by field; for one that is refused anyway, also which of its names stand for nothing. That
    /// is a question to the database, which an order that nothing is wrong with asks in its own transaction.
    /// </summary>
    public async Task<IReadOnlyDictionary<string, string[]>> FindWrongAsync(TenantOrder order, bool isRefused, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        var errors = FindWrong(order);
        if (isRefused || !errors.IsEmpty)
        {
            errors.AddFurther(await catalogue.FindUnknownAsync(order, cancellation));
        }

        return errors.ToDictionary();
    }

    /// <summary>Orders a tenant.</summary>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public Task<OrderResponse> OrderAsync(TenantOrder order, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        Check(order);
        return transactions.RunAsync(request, async work => Accept(await ReserveAsync(order, work, isCustomers: request.Customer is not null)), cancellation);
    }

    /// <summary>Orders the tenant that a record stands for; a repetition gets the first job for as long as the tenant lives.</summary>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public Task<RecordResult> OrderForRecordAsync(TenantOrder order, WebhookRecord record, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(record);
        Check(order);
        return transactions.RunAsync(
            async work =>
            {
                var (caller, model, recordId) = record;
                if (await deliveries.BeginAsync(work.Connection, work.Transaction, caller, model, recordId, record.Customer, work.CancellationToken) is { } earlier)
                {
                    Logs.WebhookRepeated(logger, caller, model, recordId, earlier.JobId);
                    var state = await tenants.GetStateAsync(work.Connection, work.Transaction, earlier.TenantId, work.CancellationToken);
                    return new RecordResult(state, earlier.JobId, null, IsRepeated: true) { Tenant = earlier.TenantCode };
                }

                var reservation = await ReserveAsync(order, work, isCustomers: record.Customer is not null);
                await KeepAsync(work, reservation, order);
                if (record.Notes.Count > 0)
                {
                    await jobs.AddNotesAsync(work.Connection, work.Transaction, reservation.JobId, record.Notes, work.CancellationToken);
                }

                await deliveries.RecordAsync(
                    work.Connection, work.Transaction, caller, model, recordId, reservation.JobId, reservation.TenantId, work.CancellationToken);
                return new RecordResult(TenantStates.Provisioning, reservation.JobId, null, IsRepeated: false) { Tenant = order.Code };
            },
            cancellation);
    }

    /// <summary>Orders a tenant in a transaction of the caller's, which a refusal leaves usable.</summary>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public async Task<TenantAccepted> OrderWithinAsync(UnitOfWork work, TenantOrder order, SubscriptionOrigin? origin = null)
    {
        ArgumentNullException.ThrowIfNull(work);
        ArgumentNullException.ThrowIfNull(order);
        Check(order);
        var reservation = await ReserveAsync(order, work, origin: origin);
        await KeepAsync(work, reservation, order);
        return Accepted(reservation);
    }

    /// <summary>Orders a tenant that a backup of another becomes.</summary>
    /// <param name="order">The tenant.</param>
    /// <param name="backup">The backup.</param>
    /// <param name="request">Who ordered it.</param>
    /// <param name="former">The subscription that its own goes on with; null for a new one.</param>
    /// <param name="cancellation">Ends the wait.</param>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public Task<OrderResponse> RestoreNewAsync(TenantOrder order, BackupRef backup, CommandRequest request, Subscription? former, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        Check(order, "newTenant.");
        return transactions.RunAsync(
            request,
            async work => Accept(await ReserveAsync(order with { IsRestored = true }, work, backup, isCustomers: request.Customer is not null, former: former)),
            cancellation);
    }

    /// <summary>Orders a tenant's removal.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be removed now.</exception>
    public Task<OrderResponse> DestroyAsync(string code, bool finalBackup, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async work =>
            {
                var accepted = await DestroyWithinAsync(work, code, finalBackup, requestedBy);
                return new AcceptedOrder(JobLocation.Of(accepted.Job), accepted);
            },
            cancellation);

    /// <summary>Orders a tenant's removal in a transaction of the caller's, which a refusal leaves usable.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be removed now.</exception>
    public async Task<TenantAccepted> DestroyWithinAsync(UnitOfWork work, string code, bool finalBackup, string requestedBy)
    {
        ArgumentNullException.ThrowIfNull(work);
        var result = await lifecycle.BeginTerminatingAsync(work.Connection, work.Transaction, code, requestedBy, work.CancellationToken);
        if (result is not Termination termination)
        {
            throw new ProblemException(OrderProblems.Of((TerminationRefused)result));
        }

        await work.StartAsync(Orchestrations.DestroyTenant, termination.Order(finalBackup), termination.JobId, JobKinds.Destroy, code, requestedBy);
        return new TenantAccepted(code, TenantStates.Terminating, termination.JobId);
    }

    private async Task<Reservation> ReserveAsync(
        TenantOrder order, UnitOfWork work, BackupRef? backup = null, bool isCustomers = false, SubscriptionOrigin? origin = null, Subscription? former = null)
    {
        var result = await reservations.ReserveAsync(work.Connection, work.Transaction, order, work.CancellationToken);
        if (result is ReservationRefused
            {
                Kind: ReservationRefusalKind.UnknownOffer or ReservationRefusalKind.UnknownPlan or ReservationRefusalKind.UnknownTemplate,
            }
            && await OrderCatalogue.FindUnknownAsync(order, work.Connection, work.Transaction, work.CancellationToken) is { Count: > 0 } unknown)
        {
            throw new ProblemException(ProblemFactory.Invalid(unknown));
        }

        if (result is not Reservation reservation)
        {
            throw new ProblemException(isCustomers ? OrderProblems.ForCustomers((ReservationRefused)result) : OrderProblems.Of((ReservationRefused)result));
        }

        var subscription = new NewSubscription
        {
            TenantId = reservation.TenantId,
            StartedAt = origin?.StartedAt,
            Sequence = origin?.Sequence ?? former?.CancelSequence ?? 0,
            Former = former,
            Cause = origin?.Cause ?? new SubscriptionCause(SubscriptionCause.Order, reservation.JobId, order.RequestedBy),

            // Who had the tenant before has had the trial.
            WithTrial = !order.IsRestored,
        };
        await subscriptions.OpenAsync(work.Connection, work.Transaction, subscription, work.CancellationToken);
        await (backup is null
            ? work.StartAsync(
                Orchestrations.ProvisionTenant, reservation.Order, reservation.JobId, JobKinds.Provision, order.Code, order.RequestedBy)
            : work.StartAsync(
                Orchestrations.RestoreNewTenant,
                new RestoreNewTenantOrder { TenantId = reservation.TenantId, JobId = reservation.JobId, Code = order.Code, Backup = backup },
                reservation.JobId, JobKinds.Provision, order.Code, order.RequestedBy));
        return reservation;
    }

    private static Task KeepAsync(UnitOfWork work, Reservation reservation, TenantOrder order) =>
        JobOrders.RecordAsync(work.Connection, work.Transaction, reservation.JobId, KeptOrders.Of(order), work.CancellationToken);

    private static AcceptedOrder Accept(Reservation reservation) => new(JobLocation.Of(reservation.JobId), Accepted(reservation));

    private static TenantAccepted Accepted(Reservation reservation) => new(reservation.Place.Code, TenantStates.Provisioning, reservation.JobId);

    private void Check(TenantOrder order, string prefix = "")
    {
        if (FindWrong(order) is { IsEmpty: false } errors)
        {
            throw new ProblemException(ProblemFactory.Invalid(errors.ToDictionary().ToDictionary(e => prefix + e.Key, e => e.Value)));
        }
    }

    private FieldErrors FindWrong(TenantOrder order)
    {
        var errors = new FieldErrors();
        errors.AddFurther(TenantOrderValidation.Check(order));
        if (order.CallbackUrl is { } url && !errors.Has("callbackUrl")
            && CallbackTarget.RefusalOf(url, callbacks.Value.AllowPrivateTargets) is { } refusal)
        {
            errors.Add("callbackUrl", refusal);
        }

        return errors;
    }
}
