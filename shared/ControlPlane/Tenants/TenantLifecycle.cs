using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Notices;
using Bibind.ControlPlane.Pending;
using Bibind.ControlPlane.Pools;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Moves tenants from state to state, each time together with the job that does it, in one transaction.</summary>
/// <remarks>
/// <c>provisioning → active → terminating → terminated</c>, <c>provisioning → failed</c>, and back to <c>terminating</c> where something was left. Every method may be called
/// again with the same input and answers the same; the tenant's row is locked first, then its job.
/// </remarks>
public sealed class TenantLifecycle(
    NpgsqlDataSource database, TenantStore tenants, JobStore jobs, INotices notices, TimeProvider time, ILogger<TenantLifecycle> logger)
{
    /// <summary>The place of a tenant that is being provisioned.</summary>
    /// <exception cref="PermanentFailureException">There is no such reservation any more.</exception>
    public async Task<TenantDescriptor> ConfirmReservationAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        var tenant = await tenants.GetAsync(tenantId, cancellationToken) ?? throw NoSuchTenant(tenantId);
        if (tenant.State != TenantStates.Provisioning)
        {
            throw new PermanentFailureException($"Tenant '{tenant.Code}' ({tenant.Id}) is {tenant.State}: its reservation has ended.");
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return tenant.ToPlace(jobId) with { Pooled = await PoolClaims.FindAsync(connection, tenantId, cancellationToken) };
    }

    /// <summary>Remembers that a tenant that is being provisioned has a role of its own in PostgreSQL.</summary>
    public async Task SetDatabaseRoleAsync(long tenantId, string role, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenants set database_role = @role where id = @tenantId and state = 'provisioning'", new { tenantId, role }, cancellationToken));
    }

    /// <summary>Ends a provisioning well, of a tenant that lacks nothing.</summary>
    /// <exception cref="PermanentFailureException">The tenant is neither being provisioned nor active.</exception>
    public Task<TenantReady> ActivateAsync(long tenantId, string jobId, CancellationToken cancellationToken) =>
        ActivateAsync(tenantId, jobId, [], [], staging: null, together: null, cancellationToken);

    /// <summary>Ends a provisioning well: state, job and what is pending in one transaction, with what the caller does in it.</summary>
    /// <exception cref="PermanentFailureException">The tenant is neither being provisioned nor active.</exception>
    public async Task<TenantReady> ActivateAsync(
        long tenantId, string jobId, IReadOnlyList<string> notes, IReadOnlyList<PutOff> pending, StagingReport? staging,
        Func<NpgsqlConnection, NpgsqlTransaction, Task>? together, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(notes);
        ArgumentNullException.ThrowIfNull(pending);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await LockAsync(connection, transaction, tenantId, cancellationToken);
        if (tenant.State is not (TenantStates.Provisioning or TenantStates.Active))
        {
            throw new PermanentFailureException($"Tenant '{tenant.Code}' ({tenant.Id}) is {tenant.State}: it cannot become active.");
        }

        var backupKey = await connection.QueryFirstOrDefaultAsync<string>(Sql.Command(
            "select key from control.backups where tenant_id = @tenantId order by created_at desc, id desc limit 1", new { tenantId }, transaction, cancellationToken));
        var ready = new TenantReady
        {
            TenantId = tenant.Id,
            Code = tenant.Code,
            Database = tenant.Database,
            Host = tenant.Host,
            BaseUrl = tenant.BaseUrl,
            BackupKey = backupKey,
            Notes = notes,
            Staging = staging,
        };
        var now = time.GetUtcNow();
        await connection.ExecuteAsync(Sql.Command(
            $"update control.tenants set state = 'active', reason = null, activated_at = coalesce(activated_at, @now) where id = @tenantId; {PoolClaims.EndSql}",
            new { tenantId, now }, transaction, cancellationToken));
        if (tenant.State == TenantStates.Provisioning)
        {
            foreach (var putOff in pending)
            {
                await PendingItems.AddAsync(connection, transaction, tenantId, putOff, now, PendingWaits.After(putOff.Kind, 1), cancellationToken);
            }

            // Whoever orders a copy is a customer already.
            await (tenant.StagingOfId is null ? notices.RaiseAsync(connection, transaction, Notice.Welcome(tenantId), cancellationToken) : Task.CompletedTask);
            await (together?.Invoke(connection, transaction) ?? Task.CompletedTask);
        }

        await jobs.FinishAsync(connection, transaction, jobId, new JobEnd { Outcome = JobOutcomes.Succeeded, Result = ready }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, tenantId, TenantStates.Active, jobId);
        return ready;
    }

    /// <summary>Ends a provisioning that was undone: code, host, database and place are free again.</summary>
    /// <exception cref="PermanentFailureException">There is no such tenant, or another job has moved it on.</exception>
    public async Task MarkFailedAsync(TenantFailure failure, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(failure);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await LockAsync(connection, transaction, failure.TenantId, cancellationToken);

        // Active too: an activation whose answer was lost and that then gave up has been undone like the rest.
        if (tenant.State is not (TenantStates.Provisioning or TenantStates.Active or TenantStates.Failed))
        {
            throw new PermanentFailureException($"Tenant '{tenant.Code}' ({tenant.Id}) is {tenant.State}: job '{failure.JobId}' cannot fail it.");
        }

        var inventory = Looked(tenant, failure.Inventory);
        await EndAsync(connection, transaction, tenant.Id, TenantStates.Failed, failure.Reason, inventory, cancellationToken);
        await jobs.FinishAsync(
            connection, transaction, failure.JobId,
            new JobEnd { Outcome = JobOutcomes.Failed, Reason = failure.Reason, Inventory = inventory }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, tenant.Id, TenantStates.Failed, failure.JobId);
    }

    /// <summary>Begins to remove a tenant in the caller's transaction: state and job.</summary>
    public async Task<TerminationResult> BeginTerminatingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return await TenantStore.LockAsync(connection, transaction, code, cancellationToken) is { } tenant
            ? await BeginTerminatingAsync(connection, transaction, tenant, requestedBy, cancellationToken)
            : new TerminationRefused(TerminationRefusalKind.NotFound, $"There is no tenant '{code}'.");
    }

    /// <summary>Begins to remove one tenant, whoever has its code now, in the caller's transaction: state and job.</summary>
    /// <exception cref="PermanentFailureException">There is no such tenant.</exception>
    public async Task<TerminationResult> BeginTerminatingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string requestedBy, CancellationToken cancellationToken) =>
        await BeginTerminatingAsync(
            connection, transaction, await LockAsync(connection, transaction, tenantId, cancellationToken), requestedBy, cancellationToken);

    private async Task<TerminationResult> BeginTerminatingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, string requestedBy, CancellationToken cancellationToken)
    {
        var code = tenant.Code;
        var running = await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken);
        if (Refusal(tenant, running) is { } refused)
        {
            return refused;
        }

        if (!await TrySetTerminatingAsync(connection, transaction, tenant, cancellationToken))
        {
            return new TerminationRefused(
                TerminationRefusalKind.NamesTakenAgain,
                $"Tenant '{code}' ({tenant.Id}) left something behind, but a new tenant has its code, host or database: what is left must be removed by hand.");
        }

        // Nothing is begun for it any more; what is under way finds that its item is gone.
        await connection.ExecuteAsync(Sql.Command(
            PendingItems.RemoveSql, new { tenantId = tenant.Id, kind = (string?)null }, transaction, cancellationToken));
        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.Destroy, code, tenant.Id, cancellationToken);
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.Destroy, TenantId = tenant.Id, TenantCode = code, Subject = code, RequestedBy = requestedBy },
            cancellationToken);
        Logs.TenantStateChanged(logger, tenant.Id, TenantStates.Terminating, jobId);
        return new Termination(tenant.Id, code, jobId);
    }

    /// <summary>The place of a tenant that the given job removes. The open job keeps every other one out.</summary>
    /// <exception cref="PermanentFailureException">The tenant is not terminating, or the job is not its open one.</exception>
    public async Task<TenantDescriptor> ConfirmTerminationAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        var tenant = await tenants.GetAsync(tenantId, cancellationToken) ?? throw NoSuchTenant(tenantId);
        if (tenant.State != TenantStates.Terminating)
        {
            throw new PermanentFailureException($"Tenant '{tenant.Code}' ({tenant.Id}) is {tenant.State}: it is not to be removed.");
        }

        return await jobs.FindAsync(jobId, cancellationToken) is { FinishedAt: null } job && job.TenantId == tenantId
            ? tenant.ToPlace(jobId)
            : throw new PermanentFailureException($"Job '{jobId}' is not the open job of tenant '{tenant.Code}' ({tenant.Id}).");
    }

    /// <summary>Ends a destroy: terminated if the inventory proves that nothing is left, else still terminating, with the reason.</summary>
    /// <exception cref="PermanentFailureException">The tenant is neither terminating nor terminated.</exception>
    public async Task EndDestroyAsync(TenantDestroyEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await LockAsync(connection, transaction, end.TenantId, cancellationToken);
        if (tenant.State is not (TenantStates.Terminating or TenantStates.Terminated))
        {
            throw new PermanentFailureException($"Tenant '{tenant.Code}' ({tenant.Id}) is {tenant.State}: job '{end.JobId}' cannot end its removal.");
        }

        // A job that gave up before it asked the servers has an empty inventory, which proves nothing.
        var inventory = end.Reason is not null && end.Inventory.Items.Count == 0
            ? end.Inventory with { Items = [NotLookedAt(tenant, "the job ended before it asked the servers what is left")] }
            : end.Inventory;
        var gone = inventory.IsClean;
        var state = gone ? TenantStates.Terminated : TenantStates.Terminating;
        var reason = gone ? end.Reason : end.Reason ?? "Something of the tenant is left: the inventory shows what.";
        if (tenant.State == TenantStates.Terminating)
        {
            await EndAsync(connection, transaction, tenant.Id, state, gone ? null : reason, inventory, cancellationToken);
        }

        await jobs.FinishAsync(
            connection, transaction, end.JobId,
            new JobEnd { Outcome = gone ? JobOutcomes.Succeeded : JobOutcomes.Failed, Reason = reason, Inventory = inventory },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.TenantStateChanged(logger, tenant.Id, state, end.JobId);
    }

    private static TerminationRefused? Refusal(Tenant tenant, string? running) => tenant.State switch
    {
        TenantStates.Terminated when !tenant.Leftovers => new TerminationRefused(
            TerminationRefusalKind.AlreadyTerminated, $"Tenant '{tenant.Code}' was removed on {tenant.EndedAt:u}."),
        TenantStates.Failed when !tenant.Leftovers => new TerminationRefused(
            TerminationRefusalKind.NothingLeft, $"Tenant '{tenant.Code}' failed on {tenant.EndedAt:u} and was undone: there is nothing to remove."),
        TenantStates.Provisioning => new TerminationRefused(
            TerminationRefusalKind.Provisioning, $"Tenant '{tenant.Code}' is being provisioned by job '{running}': wait for its end.", running),
        _ when running is not null => new TerminationRefused(
            TerminationRefusalKind.JobRunning, $"Job '{running}' is changing tenant '{tenant.Code}': wait for its end.", running),
        TenantStates.Active or TenantStates.Suspended or TenantStates.Terminating or TenantStates.Failed or TenantStates.Terminated => null,
        _ => new TerminationRefused(TerminationRefusalKind.JobRunning, $"Tenant '{tenant.Code}' is {tenant.State}: wait for the end of that job."),
    };

    private async Task EndAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string state, string? reason, Inventory inventory,
        CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenants set
              state = @state, reason = @reason, leftovers = @Leftovers,
              ended_at = case when @state in ('failed', 'terminated') then coalesce(ended_at, @Now) end
            where id = @tenantId
            """,
            new { tenantId, state, reason, Leftovers = !inventory.IsClean, Now = time.GetUtcNow() }, transaction, cancellationToken));

        // A tenant that ends lacks nothing any more, and has taken nothing.
        await connection.ExecuteAsync(Sql.Command($"{PendingItems.RemoveSql}; {PoolClaims.EndSql}", new { tenantId, kind = (string?)null }, transaction, cancellationToken));

        if (state is TenantStates.Failed or TenantStates.Terminated)
        {
            await connection.ExecuteAsync(Sql.Command(
                "delete from control.tenant_suspensions where tenant_id = @tenantId; update control.tenant_staging set expires_at = null where tenant_id = @tenantId", new { tenantId }, transaction, cancellationToken));
        }

        // The proof counted their routes and certificates, so the names are free again with the tenant's own.
        if (state is TenantStates.Failed or TenantStates.Terminated && inventory.IsClean)
        {
            await connection.ExecuteAsync(Sql.Command("delete from control.domains where tenant_id = @tenantId", new { tenantId }, transaction, cancellationToken));
        }
    }

    private static async Task<Tenant> LockAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        await TenantStore.LockAsync(connection, transaction, tenantId, cancellationToken) ?? throw NoSuchTenant(tenantId);

    // A failed tenant gave its names back. Taking them again is left to the unique indexes, because an order that is
    // under way on any server may be taking them too; the savepoint keeps the caller's transaction usable.
    private static async Task<bool> TrySetTerminatingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, CancellationToken cancellationToken)
    {
        const string Savepoint = "terminating";
        await transaction.SaveAsync(Savepoint, cancellationToken);
        try
        {
            await connection.ExecuteAsync(Sql.Command(
                "update control.tenants set state = 'terminating', reason = null, ended_at = null where id = @Id",
                new { tenant.Id }, transaction, cancellationToken));
            await transaction.ReleaseAsync(Savepoint, cancellationToken);
            return true;
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            await transaction.RollbackAsync(Savepoint, cancellationToken);
            return false;
        }
    }

    // Every step that makes something comes after the confirmation of the place, and whoever got that far takes an inventory.
    private static Inventory Looked(Tenant tenant, Inventory inventory) => inventory switch
    {
        { Items.Count: > 0 } => inventory,
        { FailedUndoSteps.Count: > 0 } => inventory with { Items = [NotLookedAt(tenant, "nobody asked the servers what is left")] },
        _ => inventory with { Items = [new InventoryItem("tenant", tenant.Code, InventoryItem.Absent, "nothing was begun")] },
    };

    private static InventoryItem NotLookedAt(Tenant tenant, string why) => new("inventory", tenant.Code, InventoryItem.Unknown, why);

    private static PermanentFailureException NoSuchTenant(long tenantId) => new($"There is no tenant {tenantId} in the control database.");
}
