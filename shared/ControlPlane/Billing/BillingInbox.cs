using System.Diagnostics.CodeAnalysis;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Billing;

/// <summary>
/// Remembers what billing sent, so that nothing is applied twice, nor before its turn. Its methods work in the transaction
/// that has the effect, too.
/// </summary>
public sealed class BillingInbox(TimeProvider time)
{
    /// <summary>Says whether the message may be applied, and keeps every other one of its tenant waiting until the transaction ends.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public async Task<BillingTurn> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        await LockAsync(connection, transaction, message, cancellationToken);
        if (await FindAsync(connection, transaction, message.Id, cancellationToken) is { } known)
        {
            if (known.Tenant != message.Tenant || known.Type != message.Type || known.Sequence != message.Sequence)
            {
                return new BillingTurn.Foreign(
                    $"billing.id '{message.Id}' belongs to another message: {known.Type} for '{known.Tenant}', number {known.Sequence}. Send this one under an id of its own.");
            }

            if (known.State is BillingStates.Done or BillingStates.Parked)
            {
                return new BillingTurn.Settled(known.State, known.JobId);
            }
        }

        var others = await connection.QuerySingleAsync<Neighbours>(Sql.Command(
            """
            select min(sequence) filter (where state = 'waiting' and sequence < @Sequence) as waiting,
                   max(sequence) filter (where sequence < @Sequence) as before,
                   max(sequence) filter (where state = 'done' and sequence > @Sequence) as later,
                   min(id) filter (where state in ('done', 'parked') and sequence = @Sequence) as same
            from control.billing_inbox
            where tenant = @Tenant and id <> @Id
            """,
            new { message.Tenant, message.Id, message.Sequence }, transaction, cancellationToken));
        return others.Judge(message);
    }

    /// <summary>Records what became of the message, in the transaction that did it.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, string state, string? reason, string? jobId,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, reason, job_id, received_at, updated_at)
            values (@Id, @Type, @Tenant, @Sequence, @OccurredAt, @Data::json, @state, @reason, @jobId, @Now, @Now)
            on conflict (id) do update set
              data = excluded.data, state = excluded.state, reason = excluded.reason, job_id = excluded.job_id,
              occurred_at = excluded.occurred_at, updated_at = excluded.updated_at, deliveries = billing_inbox.deliveries + 1
            """,
            new
            {
                message.Id,
                message.Type,
                message.Tenant,
                message.Sequence,
                message.OccurredAt,
                message.Data,
                state,
                reason,
                jobId,
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
    }

    /// <summary>
    /// The message as it waits now, after others that handle it have ended; null if it waits no longer. Keeps every other one of its
    /// tenant waiting until the transaction ends.
    /// </summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service answers for both halves of the exchange.")]
    public async Task<BillingMessage?> TakeWaitingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        await LockAsync(connection, transaction, message, cancellationToken);
        var data = await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select data::text from control.billing_inbox where id = @Id and state = 'waiting'", new { message.Id }, transaction, cancellationToken));
        return data is null ? null : message with { Data = data };
    }

    /// <summary>Records what became of a message that waited, in the transaction that did it; true if it waits no longer, or for something else.</summary>
    public async Task<bool> RecordRetryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, string state, string? reason, string? jobId,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.billing_inbox set state = @state, reason = @reason, job_id = @jobId, updated_at = @Now
            where id = @id and (state, reason) is distinct from (@state, @reason)
            """,
            new { id, state, reason, jobId, Now = time.GetUtcNow() }, transaction, cancellationToken)) > 0;
    }

    private static async Task LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, CancellationToken cancellationToken)
    {
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.BillingId, [message.Id], cancellationToken);
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.BillingTenant, [message.Tenant], cancellationToken);
    }

    private static Task<Entry?> FindAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<Entry>(Sql.Command(
            "select type, tenant, sequence, state, job_id from control.billing_inbox where id = @id", new { id }, transaction, cancellationToken));

    private sealed record Entry
    {
        public string Type { get; init; } = string.Empty;
        public string Tenant { get; init; } = string.Empty;
        public long Sequence { get; init; }
        public string State { get; init; } = string.Empty;
        public string? JobId { get; init; }
    }

    /// <summary>What the inbox has of the same tenant, by number.</summary>
    private sealed record Neighbours
    {
        public long? Waiting { get; init; }
        public long? Before { get; init; }
        public long? Later { get; init; }
        public string? Same { get; init; }

        // Where billing began to tell us about a tenant is not known, so the first message that comes may have any number.
        public BillingTurn Judge(BillingMessage message) =>
            Same is not null ? new BillingTurn.Never($"Number {message.Sequence} of '{message.Tenant}' is message '{Same}' already.")
            : Later is not null ? new BillingTurn.Never($"It comes too late: number {Later} of '{message.Tenant}' has taken effect.")
            : Waiting is not null ? new BillingTurn.Waits($"Number {Waiting} of '{message.Tenant}' comes first and waits itself.")
            : Before < message.Sequence - 1 ? new BillingTurn.Waits($"Number {message.Sequence - 1} of '{message.Tenant}' comes first and has not arrived.")
            : new BillingTurn.Due();
    }
}
