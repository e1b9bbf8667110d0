using Bibind.Activities.Callers;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.Webhooks;
using Bibind.Durable;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Bibind.Functions.Requests;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Functions.Ordering;

/// <summary>What was done about an order.</summary>
/// <param name="Code">The tenant.</param>
/// <param name="State">Its state now.</param>
/// <param name="Job">The id of the job.</param>
public sealed record TenantAccepted(string Code, string State, string Job);

/// <summary>Which record of which console ordered.</summary>
public sealed record WebhookRecord(string Caller, string Model, long RecordId)
{
    /// <summary>What the job tells about the delivery.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>Takes orders about tenants, through whichever door they came.</summary>
public sealed class TenantOrdering(
    CommandTransaction transactions,
    Reservations reservations,
    TenantLifecycle lifecycle,
    WebhookDeliveries deliveries,
    JobStore jobs,
    OrderCatalogue catalogue,
    DurableTaskClient client,
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
    public Task<OrderAnswer> OrderAsync(TenantOrder order, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        Check(order);
        return transactions.RunAsync(
            request,
            async (connection, transaction, c) => Accept(await ReserveAsync(order, connection, transaction, c)),
            cancellation);
    }

    /// <summary>Orders the tenant that a record stands for; a repetition gets the first job for as long as the tenant lives.</summary>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public Task<OrderAnswer> OrderAsync(TenantOrder order, WebhookRecord record, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        ArgumentNullException.ThrowIfNull(record);
        Check(order);
        return transactions.RunAsync(
            new CommandRequest(order.RequestedBy, Key: null, "webhook", Command: null),
            async (connection, transaction, c) =>
            {
                var (caller, model, recordId) = record;
                if (await deliveries.BeginAsync(connection, transaction, caller, model, recordId, c) is { } earlier)
                {
                    Logs.WebhookRepeated(logger, caller, model, recordId, earlier.JobId);
                    return new AcceptedOrder(
                        JobsApi.AddressOf(earlier.JobId),
                        new TenantAccepted(earlier.TenantCode, await StateOfAsync(earlier.TenantId, connection, transaction, c), earlier.JobId));
                }

                var reservation = await ReserveAsync(order, connection, transaction, c);
                if (record.Notes.Count > 0)
                {
                    await jobs.AddNotesAsync(connection, transaction, reservation.JobId, record.Notes, c);
                }

                await deliveries.RecordAsync(connection, transaction, caller, model, recordId, reservation.JobId, reservation.TenantId, c);
                return Accept(reservation);
            },
            cancellation);
    }

    /// <summary>Orders a tenant in a transaction of the caller's, which a refusal leaves usable.</summary>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public async Task<TenantAccepted> OrderAsync(
        TenantOrder order, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        Check(order);
        return Accepted(await ReserveAsync(order, connection, transaction, cancellation));
    }

    /// <summary>Orders a tenant that a backup of another becomes.</summary>
    /// <exception cref="ProblemException">409 or 422: the order cannot be met.</exception>
    public Task<OrderAnswer> RestoreNewAsync(TenantOrder order, BackupRef backup, CommandRequest request, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(order);
        Check(order, "newTenant.");
        return transactions.RunAsync(
            request,
            async (connection, transaction, c) => Accept(await ReserveAsync(order with { IsRestored = true }, connection, transaction, c, backup)),
            cancellation);
    }

    /// <summary>Orders a tenant's removal.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be removed now.</exception>
    public Task<OrderAnswer> DestroyAsync(string code, bool finalBackup, string requestedBy, CommandRequest request, CancellationToken cancellation) =>
        transactions.RunAsync(
            request,
            async (connection, transaction, c) =>
            {
                var accepted = await DestroyAsync(code, finalBackup, requestedBy, connection, transaction, c);
                return new AcceptedOrder(JobsApi.AddressOf(accepted.Job), accepted);
            },
            cancellation);

    /// <summary>Orders a tenant's removal in a transaction of the caller's, which a refusal leaves usable.</summary>
    /// <exception cref="ProblemException">404 or 409: it cannot be removed now.</exception>
    public async Task<TenantAccepted> DestroyAsync(
        string code, bool finalBackup, string requestedBy, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        var result = await lifecycle.BeginTerminatingAsync(connection, transaction, code, requestedBy, cancellation);
        if (result is not Termination termination)
        {
            throw new ProblemException(Refuse((TerminationRefused)result));
        }

        await client.ScheduleNewOrchestrationInstanceAsync(
            Orchestrations.DestroyTenant, termination.Order(finalBackup), Start(termination.JobId, code, JobKinds.Destroy, transaction), cancellation);
        Logs.Ordered(logger, requestedBy, termination.JobId, JobKinds.Destroy, code);
        return new TenantAccepted(code, TenantStates.Terminating, termination.JobId);
    }

    private async Task<Reservation> ReserveAsync(
        TenantOrder order, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation, BackupRef? backup = null)
    {
        var result = await reservations.ReserveAsync(connection, transaction, order, cancellation);
        if (result is ReservationRefused
            {
                Kind: ReservationRefusalKind.UnknownOffer or ReservationRefusalKind.UnknownPlan or ReservationRefusalKind.UnknownTemplate,
            }
            && await OrderCatalogue.FindUnknownAsync(order, connection, transaction, cancellation) is { Count: > 0 } unknown)
        {
            throw new ProblemException(Refusals.Invalid(unknown));
        }

        if (result is not Reservation reservation)
        {
            throw new ProblemException(Refuse((ReservationRefused)result));
        }

        var start = Start(reservation.JobId, order.Code, JobKinds.Provision, transaction);
        await (backup is null
            ? client.ScheduleNewOrchestrationInstanceAsync(Orchestrations.ProvisionTenant, reservation.Order, start, cancellation)
            : client.ScheduleNewOrchestrationInstanceAsync(
                Orchestrations.RestoreNewTenant,
                new RestoreNewTenantOrder { TenantId = reservation.TenantId, JobId = reservation.JobId, Code = order.Code, Backup = backup },
                start, cancellation));
        Logs.Ordered(logger, order.RequestedBy, reservation.JobId, JobKinds.Provision, order.Code);
        return reservation;
    }

    private static AcceptedOrder Accept(Reservation reservation) => new(JobsApi.AddressOf(reservation.JobId), Accepted(reservation));

    private static TenantAccepted Accepted(Reservation reservation) => new(reservation.Place.Code, TenantStates.Provisioning, reservation.JobId);

    // On the connection at hand: a second one for each of many repetitions could use up the pool.
    private static async Task<string> StateOfAsync(
        long tenantId, NpgsqlConnection connection, NpgsqlTransaction transaction, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select state from control.tenants where id = $1", connection, transaction)
        {
            Parameters = { new() { Value = tenantId } },
        };
        return (string)(await command.ExecuteScalarAsync(cancellation))!;
    }

    private static HubStartOptions Start(string jobId, string tenant, string kind, NpgsqlTransaction transaction) => new()
    {
        InstanceId = jobId,
        Transaction = transaction,
        Tags = new Dictionary<string, string> { ["tenant"] = tenant, ["kind"] = kind },
    };

    private void Check(TenantOrder order, string prefix = "")
    {
        if (FindWrong(order) is { IsEmpty: false } errors)
        {
            throw new ProblemException(Refusals.Invalid(errors.ToDictionary().ToDictionary(e => prefix + e.Key, e => e.Value)));
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

    private static Problem Refuse(ReservationRefused refused) => refused.Kind switch
    {
        ReservationRefusalKind.UnknownOffer or ReservationRefusalKind.UnknownPlan or ReservationRefusalKind.UnknownTemplate
            or ReservationRefusalKind.ApplicationNotProvided or ReservationRefusalKind.LocaleNotOffered or ReservationRefusalKind.DatabaseNameInvalid => Refusals.Invalid(refused.Field, refused.Message),
        ReservationRefusalKind.CodeTaken => Refusals.Conflict("code-taken", "The code is taken", refused.Message, refused.Field),
        ReservationRefusalKind.HostTaken => Refusals.Conflict("host-taken", "The host is taken", refused.Message, refused.Field),
        ReservationRefusalKind.DatabaseTaken => Refusals.Conflict("database-taken", "The database name is taken", refused.Message, refused.Field),
        ReservationRefusalKind.TemplateNotReady => Refusals.Conflict("template-not-ready", "The template is not ready", refused.Message, refused.Field),
        ReservationRefusalKind.NoActiveServer => Refusals.Conflict("no-active-server", "No server is active", refused.Message),
        _ => Refusals.Conflict("no-capacity", "There is no room", refused.Message),
    };

    private static Problem Refuse(TerminationRefused refused) => refused.Kind switch
    {
        TerminationRefusalKind.NotFound => Refusals.NotFound(refused.Message),
        TerminationRefusalKind.JobRunning or TerminationRefusalKind.Provisioning =>
            Refusals.Conflict("job-running", "A job of this tenant is running", refused.Message),
        TerminationRefusalKind.NamesTakenAgain => Refusals.Conflict("names-taken-again", "Its names belong to another tenant", refused.Message),
        _ => Refusals.Conflict("nothing-to-remove", "There is nothing to remove", refused.Message),
    };
}
