using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>How a rollout goes on. Every method may be called again, late or beside another, and does nothing twice.</summary>
public interface IRolloutProgress
{
    /// <summary>Its tenants that are being upgraded or taken back.</summary>
    Task<IReadOnlyList<RolloutTenant>> ListRunningAsync(long rolloutId, CancellationToken cancellationToken);

    /// <summary>Records how the job of one of them ended.</summary>
    Task EndTenantAsync(long rolloutId, RolloutTenantEnd end, CancellationToken cancellationToken);

    /// <summary>Decides whether it goes on: halts it, ends it, or says whose turn is next.</summary>
    Task<RolloutStanding> DecideAsync(RunRolloutOrder order, CancellationToken cancellationToken);

    /// <summary>Starts the job of a tenant whose turn it is, together with its row; false if it cannot be now.</summary>
    Task<bool> StartAsync(RunRolloutOrder order, long tenantId, CancellationToken cancellationToken);
}

/// <inheritdoc/>
public sealed class RolloutProgress(
    NpgsqlDataSource database, JobStore jobs, DurableTaskClient client, TimeProvider time, ILogger<RolloutProgress> logger) : IRolloutProgress
{
    /// <summary>Who did what a rollout does by itself.</summary>
    internal const string Itself = "rollout";

    // A job that finds its tenant in use is no failure of the release, unless it happens again and again.
    private const int MostRefusals = 3;

    // The tenant may be worked on now: nothing changes it, and nothing reads what would be changed.
    private const string IsIdle =
        $"""
        t.state = 'active'
          and not exists (select from control.jobs where tenant_id = t.id and {JobStore.IsInTheWay})
          and not exists (select from control.rollout_tenants o where o.tenant_id = t.id and o.state = 'running')
        """;

    /// <inheritdoc/>
    public async Task<IReadOnlyList<RolloutTenant>> ListRunningAsync(long rolloutId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<RolloutTenant>(Sql.Command(
            $"{RolloutStore.SelectTenants} where m.rollout_id = @rolloutId and m.state = 'running' order by m.wave, m.position", new { rolloutId }, cancellationToken))).AsList();
    }

    /// <inheritdoc/>
    public async Task EndTenantAsync(long rolloutId, RolloutTenantEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // Of a job that was refused, the tenant's state says whether it is to be tried again; times and outage stay those of the upgrade.
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.rollout_tenants m
            set state = case
                  when not @IsRefused then @State
                  when t.state in ('suspended', 'terminating', 'terminated', 'failed') then 'skipped'
                  when m.refusals + 1 < @MostRefusals then 'pending'
                  else 'failed' end,
                is_failure = @IsFailure or (@IsRefused and t.state not in ('suspended', 'terminating', 'terminated', 'failed') and m.refusals + 1 >= @MostRefusals),
                refusals = m.refusals + case when @IsRefused then 1 else 0 end,
                reason = @Reason,
                ended_at = case when m.is_rollback then m.ended_at else @Now end,
                outage_ms = case when m.is_rollback then m.outage_ms else @OutageMs end,
                upgrade_job_id = case when m.is_rollback or @State <> 'succeeded' then m.upgrade_job_id else m.job_id end
            from control.tenants t
            where m.rollout_id = @rolloutId and m.tenant_id = @TenantId and m.job_id = @JobId and m.state = 'running' and t.id = m.tenant_id
            """,
            new { rolloutId, end.TenantId, end.JobId, end.State, end.IsRefused, end.IsFailure, end.Reason, end.OutageMs, MostRefusals, Now = time.GetUtcNow() },
            cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<RolloutStanding> DecideAsync(RunRolloutOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var rollout = await RolloutStore.LockAsync(connection, transaction, order.RolloutId, cancellationToken);
        if (rollout is null || rollout.Runs != order.Run || rollout.EndedAt is not null)
        {
            return new RolloutStanding { State = rollout?.State ?? "unknown", IsOver = true };
        }

        if (rollout.State == RolloutStates.Running)
        {
            await SkipAsync(connection, transaction, rollout.Id, cancellationToken);
        }

        var waves = await RolloutStore.ListWavesAsync(connection, transaction, rollout.Id, cancellationToken);
        var ending = new RolloutEnding(connection, transaction, jobs, time);
        var standing = rollout.State switch
        {
            RolloutStates.Cancelling when waves.All(w => w.Running == 0) => await ending.EndAsync(rollout, RolloutStates.Cancelled, cancellationToken),
            RolloutStates.Running when waves.FirstOrDefault(w => w.IsExceeded) is { } exceeded => await ending.HaltAsync(rollout, exceeded, cancellationToken),
            RolloutStates.Running when waves.All(w => w.Pending + w.Running + w.Held == 0) => await ending.EndAsync(rollout, RolloutStates.Completed, cancellationToken),
            RolloutStates.Running => await NextAsync(connection, transaction, rollout, waves, cancellationToken),
            _ => new RolloutStanding { State = rollout.State },
        };
        await transaction.CommitAsync(cancellationToken);
        if (standing.State != rollout.State)
        {
            Logs.RolloutStateChanged(logger, rollout.Id, standing.State, standing.Reason);
        }

        return standing with
        {
            Running = waves.Sum(w => w.Running),
            Pending = waves.Sum(w => w.Pending),
        };
    }

    /// <inheritdoc/>
    public async Task<bool> StartAsync(RunRolloutOrder order, long tenantId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var rollout = await RolloutStore.LockAsync(connection, transaction, order.RolloutId, cancellationToken);
        if (rollout is not { State: RolloutStates.Running } || rollout.Runs != order.Run)
        {
            return false;
        }

        var tenant = await connection.QuerySingleOrDefaultAsync<RolloutTenant>(Sql.Command(
            $"""
            {RolloutStore.SelectTenants}
            where m.rollout_id = @Id and m.tenant_id = @tenantId and m.state = 'pending' and {IsIdle}
              and (select count(*) from control.rollout_tenants r where r.rollout_id = @Id and r.state = 'running') < @MaxConcurrent
            for update of m
            """,
            new { rollout.Id, tenantId, rollout.MaxConcurrent }, transaction, cancellationToken));
        if (tenant is null)
        {
            return false;
        }

        // The job's row is the first step's to write; this one says that the job is there, and the name that nobody else gives.
        var jobId = FormattableString.Invariant($"{JobKinds.Upgrade}-{tenant.Code}-{tenantId}-r{rollout.Id}-{tenant.Attempts + 1}");
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.rollout_tenants
            set state = 'running', job_id = @jobId, is_rollback = false, is_failure = false, attempts = attempts + 1, reason = null, started_at = @Now, ended_at = null, outage_ms = null
            where rollout_id = @Id and tenant_id = @tenantId
            """,
            new { rollout.Id, tenantId, jobId, Now = time.GetUtcNow() }, transaction, cancellationToken));
        var input = new UpgradeTenantInput
        {
            TenantId = tenantId,
            JobId = jobId,
            Code = tenant.Code,
            Release = rollout.ReadRelease(),
            Window = MaintenanceWindow.FromJson(tenant.MaintenanceWindow) ?? rollout.ReadWindow(),
            RequestedBy = rollout.RequestedBy,
            Reason = $"Rollout {rollout.Id}: {rollout.Reason}",
            Rollout = FormattableString.Invariant($"{rollout.Id}"),
        };
        await client.StartJobAsync(Orchestrations.UpgradeTenant, input, jobId, JobKinds.Upgrade, tenant.Code, transaction, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.RolloutTenantStarted(logger, rollout.Id, tenant.Code, jobId);
        return true;
    }

    // What has ended or was closed meanwhile is not upgraded. A wave that has nobody left makes way for the next.
    private async Task SkipAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long rolloutId, CancellationToken cancellationToken)
    {
        while (await connection.ExecuteAsync(Sql.Command(
            """
            with skipped as (
              update control.rollout_tenants m
              set state = 'skipped', ended_at = @Now,
                  reason = case t.state when 'suspended' then 'It was suspended when its turn came.' when 'failed' then 'Its provisioning failed.' else 'It was removed, or is being removed.' end
              from control.tenants t
              where m.rollout_id = @rolloutId and m.state = 'pending' and t.id = m.tenant_id and t.state in ('suspended', 'terminating', 'terminated', 'failed')
                and m.wave = (select min(wave) from control.rollout_tenants where rollout_id = @rolloutId and state in ('pending', 'running'))
              returning m.rollout_id, m.tenant_id, m.reason)
            insert into control.rollout_changes (rollout_id, tenant_id, action, changed_by, reason, changed_at)
            select rollout_id, tenant_id, 'skip', @Itself, reason, @Now from skipped
            """,
            new { rolloutId, Itself, Now = time.GetUtcNow() }, transaction, cancellationToken)) > 0)
        {
        }
    }

    private async Task<RolloutStanding> NextAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Rollout rollout, IReadOnlyList<RolloutWave> waves, CancellationToken cancellationToken)
    {
        // Those that somebody released or wants again belong to an earlier wave, and come first.
        var current = waves.FirstOrDefault(w => w.Pending + w.Running > 0);
        if (current is null)
        {
            return new RolloutStanding { State = rollout.State };
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            update control.rollout_waves set started_at = coalesce(started_at, @Now), ended_at = null where rollout_id = @Id and number = @Number;
            update control.rollout_waves set ended_at = @Now where rollout_id = @Id and number < @Number and ended_at is null;
            """,
            new { rollout.Id, current.Number, Now = time.GetUtcNow() }, transaction, cancellationToken));
        return await ChooseAsync(connection, transaction, rollout, current.Number, Math.Max(0, rollout.MaxConcurrent - waves.Sum(w => w.Running)), cancellationToken);
    }

    // The first of those that may be closed now, as many as there is room for; if none may, when the first of them may.
    private async Task<RolloutStanding> ChooseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Rollout rollout, int wave, int free, CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow().UtcDateTime;
        var usual = rollout.ReadWindow()?.Next(now) ?? now;
        var next = new List<long>(free);
        DateTime? opensAt = null;
        if (free > 0)
        {
            var idle = connection.QueryUnbufferedAsync<(long TenantId, string? Window)>(
                $"""
                select m.tenant_id, t.maintenance_window::text from control.rollout_tenants m join control.tenants t on t.id = m.tenant_id
                where m.rollout_id = @Id and m.wave = @wave and m.state = 'pending' and {IsIdle}
                order by m.position
                """,
                new { rollout.Id, wave }, transaction);
            await foreach (var (tenantId, own) in idle.WithCancellation(cancellationToken))
            {
                var opens = MaintenanceWindow.FromJson(own)?.Next(now) ?? usual;
                if (opens > now)
                {
                    opensAt = opensAt < opens ? opensAt : opens;
                    continue;
                }

                next.Add(tenantId);
                if (next.Count == free)
                {
                    break;
                }
            }
        }

        return new RolloutStanding { State = rollout.State, Next = next, OpensAt = next.Count == 0 ? opensAt : null };
    }
}

/// <summary>How a rollout stands.</summary>
public sealed record RolloutStanding
{
    public required string State { get; init; }
    public bool IsOver { get; init; }

    /// <summary>Why it was halted.</summary>
    public string? Reason { get; init; }
    public int Running { get; init; }
    public int Pending { get; init; }

    /// <summary>When the first of those whose turn it is may be closed, UTC; null unless all of them are to wait for that.</summary>
    public DateTime? OpensAt { get; init; }

    /// <summary>Those whose turn it is, who may be closed now and whom nothing else keeps busy.</summary>
    public IReadOnlyList<long> Next { get; init; } = [];
}

/// <summary>How the job of a tenant ended.</summary>
public sealed record RolloutTenantEnd
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }

    /// <summary>One of <see cref="RolloutTenantStates"/>; of a job that was refused the tenant's state decides.</summary>
    public required string State { get; init; }
    public string? Reason { get; init; }
    public long? OutageMs { get; init; }

    /// <summary>True if it counts against its wave's limit.</summary>
    public bool IsFailure { get; init; }

    /// <summary>True if nothing was begun.</summary>
    public bool IsRefused { get; init; }
}
