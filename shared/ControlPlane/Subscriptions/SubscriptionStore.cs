using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Subscriptions;

/// <summary>A subscription whose row is locked until the transaction ends.</summary>
/// <param name="Subscription">As it is.</param>
/// <param name="Terms">What the plan says that its tenant was sold.</param>
/// <param name="TenantState">The state of its tenant, one of <see cref="Tenants.TenantStates"/>.</param>
/// <param name="TenantPlan">The plan that its tenant has.</param>
/// <param name="HasJob">True if a job is at work that may change the tenant.</param>
public sealed record LockedSubscription(Subscription Subscription, SubscriptionTerms Terms, string TenantState, string TenantPlan, bool HasJob);

/// <summary>A subscription to open.</summary>
public sealed record NewSubscription
{
    public required long TenantId { get; init; }
    /// <summary>Now if null.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>True if the plan's trial is given.</summary>
    public bool WithTrial { get; init; }

    /// <summary>The number of the message that opens it; 0 if none does.</summary>
    public long Sequence { get; init; }

    /// <summary>The subscription that it goes on with; null if it begins anew.</summary>
    public Subscription? Former { get; init; }
    public required SubscriptionCause Cause { get; init; }
}

/// <summary>Reads and changes subscriptions, each change with its record.</summary>
public sealed class SubscriptionStore(TimeProvider time)
{
    internal const string SelectLocked =
        """
        select s.*, t.customer, t.state as tenant_state, t.plan as tenant_plan, p.grace_days, p.auto_renew,
               exists (select from control.jobs j where j.tenant_id = s.tenant_id and j.changing and j.finished_at is null) as has_job
        from control.subscriptions s
        join control.tenants t on t.id = s.tenant_id
        join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
        """;

    private static readonly JsonSerializerOptions Columns = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>Opens the subscription of a tenant that was made in this transaction.</summary>
    public async Task OpenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewSubscription subscription, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(subscription);
        var now = time.GetUtcNow();
        var startedAt = subscription.StartedAt ?? now;
        var former = subscription.Former;

        // What is over is not paid again by coming back: it is past due from now on, with new grace.
        var paidUntil = former?.PaidUntil is { } paid ? (paid > now ? paid : now) : (DateTimeOffset?)null;
        await connection.ExecuteAsync(Sql.Command(
            """
            with opened as (
              insert into control.subscriptions (
                tenant_id, tenant, plan, period, started_at, anchor_day, paid_until, trial_until, state, opened_sequence, state_sequence, plan_sequence, cancel_sequence,
                created_at, updated_at)
              select t.id, t.code, t.plan, coalesce(@Period, p.price_period), @startedAt, @AnchorDay, @paidUntil,
                     case when @WithTrial and p.trial_days > 0 then @startedAt + make_interval(hours => 24 * p.trial_days) end,
                     case when @WithTrial and p.trial_days > 0 then 'trial' else 'active' end, @Sequence, @Sequence, @Sequence, @Sequence, @now, @now
              from control.tenants t join control.plan_versions p on p.code = t.plan and p.version = t.plan_version
              where t.id = @TenantId
              on conflict (tenant_id) do nothing
              returning id, state)
            insert into control.subscription_changes (subscription_id, to_state, event, cause, cause_id, who, reason, fields, changed_at)
            select id, state, @Event, @Kind, @CauseId, @Who, @Why, '{}', @now from opened
            """,
            new
            {
                subscription.TenantId,
                startedAt,
                AnchorDay = former?.AnchorDay ?? startedAt.UtcDateTime.Day,
                former?.Period,
                paidUntil,
                Why = former is null ? "The tenant was ordered." : "The tenant was brought back.",
                subscription.WithTrial,
                subscription.Sequence,
                Event = SubscriptionEvents.Opened,
                subscription.Cause.Kind,
                CauseId = subscription.Cause.Id,
                subscription.Cause.Who,
                now,
            },
            transaction, cancellationToken));
    }

    /// <summary>The subscription of the last tenant that had the code, locked; null if there is none.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes subscriptions.")]
    public Task<LockedSubscription?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string tenant, CancellationToken cancellationToken) =>
        LockOneAsync(connection, transaction, $"{SelectLocked} where s.tenant = @tenant order by s.id desc limit 1 for update of s", new { tenant }, cancellationToken);

    /// <summary>The subscription, locked, if its tenant is to be looked at by now and nobody else does; else null.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes subscriptions.")]
    public Task<LockedSubscription?> ClaimAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long id, DateTimeOffset now, CancellationToken cancellationToken) =>
        LockOneAsync(connection, transaction, $"{SelectLocked} where s.id = @id and s.follow_at <= @now for update of s skip locked", new { id, now }, cancellationToken);

    /// <summary>Makes changes and records each; answers the subscriptions as they are then.</summary>
    public async Task SaveAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, IReadOnlyCollection<SubscriptionChange> changes, SubscriptionCause cause,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(changes);
        ArgumentNullException.ThrowIfNull(cause);
        var now = time.GetUtcNow();
        var rows = changes.GroupBy(c => c.After.Id).Select(steps => new
        {
            Row = steps.Last().After,
            IsToBeFollowed = steps.Any(s => s.IsToBeFollowed),
        }).ToList();
        var entries = changes.Select(c => new
        {
            SubscriptionId = c.After.Id,
            FromState = c.Before.State,
            ToState = c.After.State,
            c.Event,
            c.Reason,
            Fields = JsonSerializer.SerializeToElement(c.Fields(), JsonSerializerOptions.Web),
        });
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.subscriptions s set
              plan = r.plan, period = r.period, anchor_day = r.anchor_day, paid_until = r.paid_until, credited_from = r.credited_from, trial_until = r.trial_until,
              state = r.state, suspension = r.suspension, past_due_since = r.past_due_since, grace_until = r.grace_until, cancel_at = r.cancel_at,
              final_backup = r.final_backup, state_sequence = r.state_sequence, plan_sequence = r.plan_sequence, cancel_sequence = r.cancel_sequence,
              cancels_at_end = r.cancels_at_end, may_resume = r.may_resume,
              follow_at = case when s.id = any(@follow) then @now else s.follow_at end,
              follow_attempts = case when s.id = any(@follow) then 0 else s.follow_attempts end,
              follow_reason = case when s.id = any(@follow) then null else s.follow_reason end,
              version = s.version + 1, updated_at = @now
            from jsonb_populate_recordset(null::control.subscriptions, @rows) r where s.id = r.id;
            insert into control.subscription_changes (subscription_id, from_state, to_state, event, cause, cause_id, who, reason, fields, changed_at)
            select e.subscription_id, e.from_state, e.to_state, e.event, @Kind, @Id, @Who, e.reason, e.fields, @now
            from jsonb_to_recordset(@entries) as e(subscription_id bigint, from_state text, to_state text, event text, reason text, fields jsonb)
            """,
            new
            {
                rows = new Sql.JsonParameter(JsonSerializer.Serialize(rows.Select(r => r.Row), Columns)),
                entries = new Sql.JsonParameter(JsonSerializer.Serialize(entries, Columns)),
                follow = rows.Where(r => r.IsToBeFollowed).Select(r => r.Row.Id).ToArray(),
                cause.Kind,
                cause.Id,
                cause.Who,
                now,
            },
            transaction, cancellationToken));
    }

    /// <summary>What is wrong with a plan that a subscription is to have, in words; null if nothing is.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes subscriptions.")]
    public async Task<string?> FindWrongPlanAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string plan, CancellationToken cancellationToken)
    {
        var open = (await connection.QueryAsync<string>(Sql.Command(
            "select code from control.plans where removed_at is null and active order by sequence, code", null, transaction, cancellationToken))).AsList();
        return open.Contains(plan) ? null : $"There is no plan '{plan}' that can be ordered: choose {string.Join(", ", open.Take(20))}.";
    }

    /// <summary>Notes how far the tenant follows.</summary>
    /// <param name="connection">Where.</param>
    /// <param name="transaction">In which transaction.</param>
    /// <param name="subscription">The subscription with the new values.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service reads and writes subscriptions.")]
    public async Task NoteFollowingAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Subscription subscription, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(subscription);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.subscriptions set follow_at = @FollowAt, follow_attempts = @FollowAttempts, follow_reason = @FollowReason, follow_job = @FollowJob, may_resume = @MayResume
            where id = @Id
            """,
            new { subscription.Id, subscription.FollowAt, subscription.FollowAttempts, subscription.FollowReason, subscription.FollowJob, subscription.MayResume },
            transaction, cancellationToken));
    }

    private static async Task<LockedSubscription?> LockOneAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, object parameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return (await QueryAsync(connection, transaction, sql, parameters, cancellationToken)).SingleOrDefault();
    }

    internal static async Task<IReadOnlyList<LockedSubscription>> QueryAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string sql, object parameters, CancellationToken cancellationToken) =>
        [.. await connection.QueryAsync<Subscription, Beside, LockedSubscription>(
            Sql.Command(sql, parameters, transaction, cancellationToken),
            (subscription, beside) => new LockedSubscription(
                subscription, new SubscriptionTerms(beside.GraceDays, beside.AutoRenew), beside.TenantState, beside.TenantPlan, beside.HasJob),
            splitOn: "tenant_state")];

    private sealed record Beside
    {
        public string TenantState { get; init; } = string.Empty;
        public string TenantPlan { get; init; } = string.Empty;
        public int GraceDays { get; init; }
        public bool AutoRenew { get; init; }
        public bool HasJob { get; init; }
    }
}
