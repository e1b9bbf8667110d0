using System.Diagnostics.CodeAnalysis;
using Dapper;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.ControlPlane.Billing;

/// <summary>
/// Remembers what billing sent, so that nothing is applied twice, nor before its turn. Its methods work in the transaction
/// that has the effect, too.
/// </summary>
public sealed class BillingInbox(TimeProvider time, IOptions<BillingOptions> options)
{
    private static readonly string BeginSql =
        $"""
        {RequestLocks.Take(RequestLocks.BillingId, "Id")};
        {RequestLocks.Take(RequestLocks.BillingTenant, "Tenant")};
        select type, tenant, sequence, state, job_id, edited, received_at from control.billing_inbox where id = @Id;
        select min(sequence) filter (where {BillingStates.IsWaiting} and sequence < @Sequence) as waiting,
               max(sequence) filter (where sequence < @Sequence) as before,
               max(sequence) filter (where state in ('done', 'passed') and sequence > @Sequence) as later,
               min(id) filter (where state in ('done', 'passed') and sequence = @Sequence) as same,
               coalesce(bool_or({BillingStates.IsWaiting}), false) as is_awaited
        from control.billing_inbox
        where tenant = @Tenant and id <> @Id
        """;

    /// <summary>Says whether the message may be applied, and keeps every other one of its tenant waiting until the transaction ends.</summary>
    public async Task<BillingTurn> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        Entry? known;
        Neighbours others;

        // One way there and back instead of four; each statement sees what was committed before it began, hence all that its locks waited for.
        await using (var answers = await connection.QueryMultipleAsync(Sql.Command(BeginSql, new { message.Id, message.Tenant, message.Sequence }, transaction, cancellationToken)))
        {
            await answers.ReadSingleAsync<bool>();
            await answers.ReadSingleAsync<bool>();
            known = await answers.ReadSingleOrDefaultAsync<Entry>();
            others = await answers.ReadSingleAsync<Neighbours>();
        }

        if (known is not null)
        {
            if (known.Tenant != message.Tenant || (known.Type != message.Type && !known.Edited) || known.Sequence != message.Sequence)
            {
                return new BillingTurn.Foreign(
                    $"billing.id '{message.Id}' belongs to another message: {known.Type} for '{known.Tenant}', number {known.Sequence}. Send this one under an id of its own.");
            }

            // What somebody has corrected here is not undone by a repetition; what nobody has may come corrected.
            if (known.State is BillingStates.Done or BillingStates.Passed or BillingStates.Deleted || (known.State == BillingStates.Parked && known.Edited))
            {
                return new BillingTurn.Settled(known.State, known.JobId);
            }
        }

        var since = known?.ReceivedAt ?? time.GetUtcNow();
        return others.Judge(message, since, isGapOver: time.GetUtcNow() - since >= options.Value.GapLimit);
    }

    /// <summary>Records what became of the message, in the transaction that did it.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, BillingRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(message);
        ArgumentNullException.ThrowIfNull(record);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.billing_inbox (id, type, tenant, sequence, occurred_at, data, state, cause, reason, job_id, received_at, updated_at)
            values (@Id, @Type, @Tenant, @Sequence, @OccurredAt, @Data::json, @State, @Cause, @Reason, @JobId, @Now, @Now)
            on conflict (id) do update set
              data = excluded.data, state = excluded.state, cause = excluded.cause, reason = excluded.reason, job_id = excluded.job_id,
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
                record.State,
                record.Cause,
                record.Reason,
                record.JobId,
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
        var found = await connection.QuerySingleOrDefaultAsync<Waiting>(Sql.Command(
            $"select type, data::text as data from control.billing_inbox where id = @Id and {BillingStates.IsWaiting}", new { message.Id }, transaction, cancellationToken));
        return found is null ? null : message with { Type = found.Type, Data = found.Data };
    }

    /// <summary>Records what became of a message that waited, in the transaction that did it; true if it waits no longer, or for something else.</summary>
    public async Task<bool> RecordRetryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, BillingRecord record, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(record);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.billing_inbox set state = @State, cause = @Cause, reason = @Reason, job_id = @JobId, updated_at = @Now
            where id = @id and (state, cause, reason) is distinct from (@State, @Cause, @Reason)
            """,
            new { id, record.State, record.Cause, record.Reason, record.JobId, Now = time.GetUtcNow() }, transaction, cancellationToken)) > 0;
    }

    /// <summary>Has those tried again that were parked because nobody knew the tenant.</summary>
    public async Task WakeAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string tenant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await connection.ExecuteAsync(Sql.Command(
            "update control.billing_inbox set state = 'waiting', updated_at = @now where tenant = @tenant and state = 'parked' and cause = @cause",
            new { tenant, cause = BillingCauses.NoSubscription, now = time.GetUtcNow() }, transaction, cancellationToken));
    }

    private static async Task LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, BillingMessage message, CancellationToken cancellationToken)
    {
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.BillingId, [message.Id], cancellationToken);
        await RequestLocks.TakeAsync(connection, transaction, RequestLocks.BillingTenant, [message.Tenant], cancellationToken);
    }

    private sealed record Entry
    {
        public string Type { get; init; } = string.Empty;
        public string Tenant { get; init; } = string.Empty;
        public long Sequence { get; init; }
        public string State { get; init; } = string.Empty;
        public string? JobId { get; init; }
        public bool Edited { get; init; }
        public DateTimeOffset ReceivedAt { get; init; }
    }

    private sealed record Waiting
    {
        public string Type { get; init; } = string.Empty;
        public string Data { get; init; } = string.Empty;
    }

    /// <summary>What the inbox has of the same tenant, by number.</summary>
    private sealed record Neighbours
    {
        public long? Waiting { get; init; }
        public long? Before { get; init; }
        public long? Later { get; init; }
        public string? Same { get; init; }
        public bool IsAwaited { get; init; }

        // Where billing began to tell us about a tenant is not known, so the first message that comes may have any number.
        public BillingTurn Judge(BillingMessage message, DateTimeOffset since, bool isGapOver)
        {
            var isGap = Before < message.Sequence - 1 && Later is null;
            return Same is not null ? new BillingTurn.Never($"Number {message.Sequence} of '{message.Tenant}' is message '{Same}' already.")
                : Waiting is not null ? new BillingTurn.Waits($"Number {Waiting} of '{message.Tenant}' comes first and waits itself.", BillingCauses.Behind)
                : isGap && !isGapOver ? new BillingTurn.Waits($"Number {message.Sequence - 1} of '{message.Tenant}' comes first and has not arrived.", BillingCauses.Gap)
                : new BillingTurn.Due(Later is not null, isGap ? new BillingGap(Before!.Value + 1, message.Sequence - 1) : null, since, IsAwaited);
        }
    }
}

/// <summary>What became of a message, as the inbox keeps it.</summary>
/// <param name="State">One of <see cref="BillingStates"/>.</param>
/// <param name="Reason">In words, where there is something to say.</param>
/// <param name="Cause">One of <see cref="BillingCauses"/>, for what waits or is parked.</param>
/// <param name="JobId">The job that it started.</param>
public record BillingRecord(string State, string? Reason = null, string? Cause = null, string? JobId = null)
{
    /// <summary>False if no other of its tenant can have waited for it.</summary>
    public bool MayBeAwaited { get; init; } = true;
}
