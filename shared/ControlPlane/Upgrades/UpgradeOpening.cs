using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Bibind.Durable.Serialization;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Upgrades;

/// <summary>Opens upgrades and what takes them back: tenant and job in one transaction. The tenant's row is locked first.</summary>
public sealed class UpgradeOpening(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Opens an upgrade in the caller's transaction.</summary>
    public async Task<UpgradeResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string tenantCode, UpgradeWish wish, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(wish);
        if (await TenantStore.LockAsync(connection, transaction, tenantCode, cancellationToken) is not { } tenant)
        {
            return NoSuchTenant();
        }

        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.Upgrade, tenant.Code, tenant.Id, cancellationToken);
        var input = new UpgradeTenantInput
        {
            TenantId = tenant.Id,
            JobId = jobId,
            Code = tenant.Code,
            Release = wish.Release,
            DryRun = wish.DryRun,
            NotBefore = wish.NotBefore,
            Window = wish.AtOnce ? null : wish.Window ?? tenant.ReadMaintenanceWindow(),
            Reason = wish.Reason,
            RequestedBy = wish.RequestedBy,
            Rollout = wish.Rollout,
        };
        return await OpenAsync(connection, transaction, tenant, input, cancellationToken);
    }

    /// <summary>The upgrade that the order names, opened now unless it is open or has ended.</summary>
    /// <exception cref="PermanentFailureException">It cannot be opened; why.</exception>
    public async Task<TenantUpgrade> BeginAsync(UpgradeTenantInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, input.TenantId, cancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {input.TenantId} in the control database.");
        if (await UpgradeStore.FindByJobAsync(connection, transaction, input.JobId, cancellationToken) is { } known)
        {
            return known;
        }

        if (input.IsUndo)
        {
            throw new PermanentFailureException($"No upgrade is known of job '{input.JobId}'.");
        }

        var result = await OpenAsync(connection, transaction, tenant, input, cancellationToken);
        if (result is not UpgradeResult.Opened)
        {
            throw new PermanentFailureException(WordsOf(result));
        }

        var upgrade = await UpgradeStore.FindByJobAsync(connection, transaction, input.JobId, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return upgrade!;
    }

    /// <summary>Makes the tenant one that is being upgraded; again the same.</summary>
    /// <exception cref="PermanentFailureException">Its state does not allow it any more.</exception>
    /// <exception cref="UpgradeWaitsException">Another job of it is to end first.</exception>
    public async Task CloseAsync(UpgradeTenantInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, input.TenantId, cancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {input.TenantId} in the control database.");
        var upgrade = await UpgradeStore.FindByJobAsync(connection, transaction, input.JobId, cancellationToken);
        if (upgrade is not { EndedAt: null, UndoAttempts: 0 })
        {
            throw new PermanentFailureException($"Job '{input.JobId}' does not upgrade tenant '{input.Code}' any more.");
        }

        if (upgrade.State is UpgradeStates.Upgrading or UpgradeStates.Opening)
        {
            return;
        }

        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken, own: input.JobId) is { } running)
        {
            throw new UpgradeWaitsException(InTheWay(running, tenant).Message);
        }

        if (ProblemWith(tenant) is { } problem)
        {
            throw new PermanentFailureException(problem.Message);
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenant_upgrades set state = 'upgrading', previous_version = (select release from control.tenants where id = @Id) where job_id = @jobId;
            update control.jobs set changing = true where id = @jobId;
            update control.tenants set state = 'upgrading' where id = @Id;
            """,
            new { tenant.Id, jobId = input.JobId }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Opens the taking back of the tenant's last upgrade in the caller's transaction.</summary>
    public async Task<UpgradeResult> OpenRollbackAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string tenantCode, string requestedBy, string reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, tenantCode, cancellationToken) is not { } tenant)
        {
            return NoSuchTenant();
        }

        if (await UpgradeStore.FindLatestAsync(connection, transaction, tenant.Id, cancellationToken) is not { } upgrade)
        {
            return new UpgradeResult.WrongState($"No upgrade of tenant '{tenant.Code}' is known that could be taken back.");
        }

        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.Restore, tenant.Code, tenant.Id, cancellationToken);
        var input = new RollBackUpgradeInput
        {
            TenantId = tenant.Id,
            JobId = jobId,
            Code = tenant.Code,
            UpgradeJobId = upgrade.JobId,
            RequestedBy = requestedBy,
            Reason = reason,
        };
        return await OpenRollbackAsync(connection, transaction, tenant, upgrade, input, cancellationToken) ?? new UpgradeResult.RollbackOpened(input);
    }

    /// <summary>What is brought back, and the job opened that does it unless it is open.</summary>
    /// <exception cref="PermanentFailureException">It cannot be opened; why.</exception>
    public async Task<RollbackBegun> BeginRollbackAsync(RollBackUpgradeInput input, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(input);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, input.TenantId, cancellationToken)
            ?? throw new PermanentFailureException($"There is no tenant {input.TenantId} in the control database.");
        var upgrade = await UpgradeStore.FindByJobAsync(connection, transaction, input.UpgradeJobId, cancellationToken)
            ?? throw new PermanentFailureException($"No upgrade is known of job '{input.UpgradeJobId}'.");
        if (upgrade.RollbackJobId != input.JobId)
        {
            if (await OpenRollbackAsync(connection, transaction, tenant, upgrade, input, cancellationToken) is { } refused)
            {
                throw new PermanentFailureException(WordsOf(refused));
            }

            await transaction.CommitAsync(cancellationToken);
        }

        return new RollbackBegun(upgrade.SafetyBackupId!, upgrade.PreviousVersion);
    }

    private async Task<UpgradeResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, UpgradeTenantInput input, CancellationToken cancellationToken)
    {
        if (await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select job_id from control.tenant_upgrades where tenant_id = @Id and ended_at is null", new { tenant.Id }, transaction, cancellationToken)) is { } other)
        {
            return new UpgradeResult.JobRunning($"Job '{other}' upgrades tenant '{tenant.Code}' or is to upgrade it: wait for its end.");
        }

        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken) is { } running)
        {
            return InTheWay(running, tenant);
        }

        if (ProblemWith(tenant) is { } problem)
        {
            return problem;
        }

        await InsertJobAsync(connection, transaction, tenant, input.JobId, JobKinds.Upgrade, tenant.Code, input.RequestedBy, cancellationToken);
        if (input.Rollout is { } rollout)
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.jobs set parent = (select r.job_id from control.rollouts r where r.id::text = @rollout) where id = @JobId",
                new { rollout, input.JobId }, transaction, cancellationToken));
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.tenant_upgrades (
              tenant_id, job_id, version, kind, input, dry_run, state, reason, requested_by, requested_at, rollout, previous_version)
            values (@Id, @JobId, @Version, @Kind, cast(@json as jsonb), @DryRun, 'rehearsing', @Reason, @RequestedBy, @Now, @Rollout, @Release)
            """,
            new
            {
                tenant.Id,
                input.JobId,
                input.Release.Version,
                input.Release.Kind,
                json = HubDataConverter.Default.Serialize(input),
                input.DryRun,
                input.Reason,
                input.RequestedBy,
                Now = time.GetUtcNow(),
                input.Rollout,
                tenant.Release,
            },
            transaction, cancellationToken));
        return new UpgradeResult.Opened(input);
    }

    private async Task<UpgradeResult?> OpenRollbackAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, TenantUpgrade upgrade, RollBackUpgradeInput input, CancellationToken cancellationToken)
    {
        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken) is { } running)
        {
            return InTheWay(running, tenant);
        }

        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended))
        {
            return new UpgradeResult.WrongState($"Tenant '{tenant.Code}' is {tenant.State}: an upgrade is taken back only of an active or suspended tenant.");
        }

        if (upgrade.State == UpgradeStates.TakenBack)
        {
            return new UpgradeResult.WrongState($"The upgrade of tenant '{tenant.Code}' to {upgrade.Version} was taken back already, by job '{upgrade.RollbackJobId}'.");
        }

        if (upgrade.State != UpgradeOutcomes.Upgraded || upgrade.SafetyBackupId is null || upgrade.KeepUntil <= time.GetUtcNow())
        {
            return new UpgradeResult.WrongState(
                $"The upgrade of tenant '{tenant.Code}' to {upgrade.Version} cannot be taken back: the backup of what it was before is not kept any more. Restore another of its backups.");
        }

        // Its kind is that of any restore: one that fails is resumed and swept like any other.
        await InsertJobAsync(connection, transaction, tenant, input.JobId, JobKinds.Restore, upgrade.SafetyBackupId, input.RequestedBy, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants set state = 'restoring' where id = @Id;
            update control.tenant_upgrades set rollback_job_id = @JobId where id = @upgradeId;
            """,
            new { tenant.Id, input.JobId, upgradeId = upgrade.Id }, transaction, cancellationToken));
        return null;
    }

    private Task InsertJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, string jobId, string kind, string subject, string requestedBy, CancellationToken cancellationToken) =>
        jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = kind, TenantId = tenant.Id, TenantCode = tenant.Code, Subject = subject, RequestedBy = requestedBy },
            cancellationToken);

    private static UpgradeResult.NotFound NoSuchTenant() => new(TenantStore.NoSuchTenant);

    private static UpgradeResult.JobRunning InTheWay(string job, Tenant tenant) => new($"Job '{job}' of tenant '{tenant.Code}' is in the way: wait for its end.");

    private static UpgradeResult.WrongState? ProblemWith(Tenant tenant) =>
        tenant.State == TenantStates.Active ? null : new($"Tenant '{tenant.Code}' is {tenant.State}: only an active tenant is upgraded.");

    private static string WordsOf(UpgradeResult refused) => refused switch
    {
        UpgradeResult.NotFound gone => gone.Message,
        UpgradeResult.JobRunning running => running.Message,
        UpgradeResult.WrongState wrong => wrong.Message,
        _ => "The upgrade cannot begin.",
    };
}

/// <summary>An upgrade that waits for the end of another job of its tenant.</summary>
public sealed class UpgradeWaitsException(string message) : Exception(message);
