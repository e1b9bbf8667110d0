using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;
using Microsoft.DurableTask.Client;
using Npgsql;

namespace Bibind.ControlPlane.Rollouts;

/// <summary>What somebody wants of a rollout, or of a tenant in it.</summary>
public sealed record RolloutWish
{
    public required long RolloutId { get; init; }

    /// <summary>One of <see cref="RolloutActions"/>.</summary>
    public required string Action { get; init; }

    /// <summary>Code of the tenant; null for what concerns the rollout.</summary>
    public string? Tenant { get; init; }
    public required string Who { get; init; }
    public required string Why { get; init; }
}

/// <summary>What can be done with a rollout, and with a tenant in it.</summary>
public static class RolloutActions
{
    public const string Pause = "pause";
    public const string Resume = "resume";
    public const string Cancel = "cancel";
    public const string Skip = "skip";
    public const string Hold = "hold";
    public const string Release = "release";
    public const string Retry = "retry";
    public const string Rollback = "rollback";

    /// <summary>Those that concern the rollout.</summary>
    public static IReadOnlyList<string> OfRollouts { get; } = [Pause, Resume, Cancel];

    /// <summary>Those that concern a tenant.</summary>
    public static IReadOnlyList<string> OfTenants { get; } = [Skip, Hold, Release, Retry, Rollback];
}

/// <summary>
/// Steers rollouts: each wish is a change of rows under the rollout's lock, in the caller's transaction. What is so already stays so and is
/// not written down again.
/// </summary>
public sealed class RolloutSteering(JobStore jobs, DurableTaskClient client, TimeProvider time)
{
    private const string NoSuchRollout = "There is no rollout with this id; GET /api/rollouts lists them.";

    /// <summary>Does what is wanted of a rollout.</summary>
    public async Task<RolloutResult> SteerAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, RolloutWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wish);
        if (await RolloutStore.LockAsync(connection, transaction, wish.RolloutId, cancellationToken) is not { } rollout)
        {
            return new RolloutResult.NotFound(NoSuchRollout);
        }

        var (from, to) = wish.Action switch
        {
            RolloutActions.Pause => (new[] { RolloutStates.Running }, RolloutStates.Paused),
            RolloutActions.Resume => ([RolloutStates.Paused, RolloutStates.Halted], RolloutStates.Running),
            _ => ([RolloutStates.Running, RolloutStates.Paused, RolloutStates.Halted], RolloutStates.Cancelling),
        };
        if (rollout.State == to || (to == RolloutStates.Cancelling && rollout.State == RolloutStates.Cancelled))
        {
            return new RolloutResult.Done(rollout);
        }

        if (!from.Contains(rollout.State))
        {
            return new RolloutResult.WrongState($"Rollout {rollout.Id} is {rollout.State}: {wish.Action} is for one that is {string.Join(" or ", from)}.");
        }

        // Whoever resumes has seen the failures: those that come from now on count.
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.rollouts set state = @to, state_reason = @Reason where id = @Id;
            update control.rollout_waves w
            set forgiven = (select count(*) from control.rollout_tenants m where m.rollout_id = w.rollout_id and m.wave = w.number and m.is_failure)
            where w.rollout_id = @Id and @to = 'running';
            update control.rollout_tenants set state = 'skipped', reason = 'The rollout was cancelled before its turn came.', ended_at = @Now
            where rollout_id = @Id and state in ('pending', 'held') and @to = 'cancelling';
            """,
            new { rollout.Id, to, Reason = to == RolloutStates.Running ? null : $"{wish.Who}: {wish.Why}", Now = time.GetUtcNow() }, transaction, cancellationToken));
        await NoteAsync(connection, transaction, wish, null, cancellationToken);
        rollout = (await RolloutStore.FindAsync(connection, transaction, rollout.Id, cancellationToken))!;
        if (to == RolloutStates.Cancelling
            && (await RolloutStore.ListWavesAsync(connection, transaction, rollout.Id, cancellationToken)).All(w => w.Running == 0))
        {
            await new RolloutEnding(connection, transaction, jobs, time).EndAsync(rollout, RolloutStates.Cancelled, cancellationToken);
            rollout = (await RolloutStore.FindAsync(connection, transaction, rollout.Id, cancellationToken))!;
        }

        return new RolloutResult.Done(rollout);
    }

    /// <summary>Begins another run of a rollout whose orchestration was ended from outside; null if it is over.</summary>
    public static async Task<Rollout?> CountRunAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, Rollout rollout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(rollout);
        var counted = await connection.ExecuteAsync(Sql.Command(
            "update control.rollouts set runs = runs + 1 where id = @Id and runs = @Runs and ended_at is null", new { rollout.Id, rollout.Runs }, transaction, cancellationToken));
        return counted == 0 ? null : rollout with { Runs = rollout.Runs + 1 };
    }

    /// <summary>Does what is wanted of a tenant in a rollout.</summary>
    public async Task<RolloutResult> SteerTenantAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RolloutWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wish);
        if (await RolloutStore.LockAsync(connection, transaction, wish.RolloutId, cancellationToken) is not { } rollout)
        {
            return new RolloutResult.NotFound(NoSuchRollout);
        }

        // A code may have had several tenants; the last of them is meant.
        if (await FindAsync(connection, transaction, wish, cancellationToken) is not { } tenant)
        {
            return new RolloutResult.NotFound($"Rollout {rollout.Id} has no tenant '{wish.Tenant}': it is for those that there were when it began.");
        }

        if (rollout.EndedAt is not null || rollout.State == RolloutStates.Cancelling)
        {
            return new RolloutResult.WrongState($"Rollout {rollout.Id} is {rollout.State}: its tenants stay as they are. The tenant's own upgrades are found by GET /api/jobs?tenant={tenant.Code}.");
        }

        var (from, to) = wish.Action switch
        {
            RolloutActions.Skip => (new[] { RolloutTenantStates.Pending, RolloutTenantStates.Held, RolloutTenantStates.Failed, RolloutTenantStates.RolledBack }, RolloutTenantStates.Skipped),
            RolloutActions.Hold => ([RolloutTenantStates.Pending], RolloutTenantStates.Held),
            RolloutActions.Release => ([RolloutTenantStates.Held], RolloutTenantStates.Pending),
            RolloutActions.Retry => ([RolloutTenantStates.Failed, RolloutTenantStates.RolledBack, RolloutTenantStates.Skipped], RolloutTenantStates.Pending),
            _ => ([RolloutTenantStates.Succeeded], RolloutTenantStates.Running),
        };
        if (tenant.State == to && (to != RolloutTenantStates.Running || tenant.IsRollback))
        {
            return new RolloutResult.Done(rollout) { Tenant = tenant };
        }

        if (!from.Contains(tenant.State))
        {
            return new RolloutResult.WrongState(
                $"Tenant '{tenant.Code}' is {tenant.State.Replace('_', ' ')} in rollout {rollout.Id}: {wish.Action} is for one that is {string.Join(" or ", from).Replace('_', ' ')}."
                + (tenant.State == RolloutTenantStates.Running ? " Wait for the end of its job." : string.Empty));
        }

        if (to == RolloutTenantStates.Running)
        {
            await RollBackAsync(connection, transaction, wish, tenant, cancellationToken);
        }
        else
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.rollout_tenants
                set state = @to, is_failure = false, refusals = 0, reason = @Reason,
                    ended_at = case when @to = 'skipped' then coalesce(ended_at, @Now) end,
                    wave = coalesce(wave, (select max(number) from control.rollout_waves where rollout_id = @RolloutId)),
                    position = coalesce(position, (select max(position) + 1 from control.rollout_tenants where rollout_id = @RolloutId))
                where rollout_id = @RolloutId and tenant_id = @TenantId;
                update control.rollout_waves w
                set members = (select count(*) from control.rollout_tenants m where m.rollout_id = w.rollout_id and m.wave = w.number),
                    forgiven = least(forgiven, (select count(*) from control.rollout_tenants m where m.rollout_id = w.rollout_id and m.wave = w.number and m.is_failure))
                where w.rollout_id = @RolloutId;
                update control.rollouts r
                set tenants = (select count(*) from control.rollout_tenants m where m.rollout_id = r.id and m.wave is not null),
                    passed_over = (select count(*) from control.rollout_tenants m where m.rollout_id = r.id and m.wave is null)
                where r.id = @RolloutId and @WasPassedOver;
                """,
                new
                {
                    wish.RolloutId,
                    tenant.TenantId,
                    to,
                    Reason = to == RolloutTenantStates.Pending ? null : $"{wish.Who}: {wish.Why}",
                    WasPassedOver = tenant.Wave is null,
                    Now = time.GetUtcNow(),
                },
                transaction, cancellationToken));
        }

        await NoteAsync(connection, transaction, wish, tenant.TenantId, cancellationToken);
        return new RolloutResult.Done((await RolloutStore.FindAsync(connection, transaction, rollout.Id, cancellationToken))!)
        {
            Tenant = await FindAsync(connection, transaction, wish, cancellationToken),
        };
    }

    private async Task RollBackAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, RolloutWish wish, RolloutTenant tenant, CancellationToken cancellationToken)
    {
        var jobId = FormattableString.Invariant($"{JobKinds.Restore}-{tenant.Code}-{tenant.TenantId}-r{wish.RolloutId}-{tenant.Attempts + 1}");
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.rollout_tenants set state = 'running', is_rollback = true, job_id = @jobId, attempts = attempts + 1, reason = @Reason
            where rollout_id = @RolloutId and tenant_id = @TenantId
            """,
            new { wish.RolloutId, tenant.TenantId, jobId, Reason = $"{wish.Who}: {wish.Why}" }, transaction, cancellationToken));
        await client.StartJobAsync(
            Orchestrations.RollBackUpgrade,
            new RollBackUpgradeInput
            {
                TenantId = tenant.TenantId,
                JobId = jobId,
                Code = tenant.Code,
                UpgradeJobId = tenant.UpgradeJobId ?? tenant.JobId!,
                RequestedBy = wish.Who,
                Reason = wish.Why,
            },
            jobId, JobKinds.Restore, tenant.Code, transaction, cancellationToken);
    }

    private static Task<RolloutTenant?> FindAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, RolloutWish wish, CancellationToken cancellationToken) =>
        connection.QueryFirstOrDefaultAsync<RolloutTenant>(Sql.Command(
            $"{RolloutStore.SelectTenants} where m.rollout_id = @RolloutId and t.code = @Tenant order by m.tenant_id desc limit 1",
            new { wish.RolloutId, wish.Tenant }, transaction, cancellationToken));

    private Task<int> NoteAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, RolloutWish wish, long? tenantId, CancellationToken cancellationToken) =>
        RolloutStore.NoteAsync(connection, transaction, new Noted(wish.RolloutId, tenantId, wish.Action, wish.Who, wish.Why, time.GetUtcNow()), cancellationToken);
}
