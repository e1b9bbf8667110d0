using System.Security.Cryptography;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Domains;

/// <summary>Moves customers' own host names from state to state, each time together with the job that does it.</summary>
/// <remarks>
/// <c>waiting_for_dns → issuing → active → removing</c>, then the row is deleted; <c>failed</c> from any but
/// <c>removing</c>. Several tenants may wait for a name; from <c>issuing</c> on it is one's alone. The tenant's row is locked first, then the name's, then the job's. Every method may be called again.
/// </remarks>
public sealed class DomainLifecycle(NpgsqlDataSource database, JobStore jobs, TimeProvider time, ILogger<DomainLifecycle> logger)
{
    private const int ProofBytes = 20;

    /// <summary>Takes a name in the caller's transaction: row and job.</summary>
    public async Task<DomainResult> RequestAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string name, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await TenantStore.LockAsync(connection, transaction, code, cancellationToken);
        if (Refusal(tenant, code) is { } refused)
        {
            return refused;
        }

        // One that failed claims nothing, and a new attempt takes its place.
        await connection.ExecuteAsync(Sql.Command(
            "delete from control.domains where tenant_id = @Id and name = @name and state = 'failed'", new { tenant!.Id, name }, transaction, cancellationToken));
        if (await OwnerAsync(connection, transaction, name, code, cancellationToken) is { } owner)
        {
            return Taken(name, owner, code);
        }

        var id = await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select nextval(pg_get_serial_sequence('control.domains', 'id'))", null, transaction, cancellationToken));
        var jobId = $"add-domain-{code}-{id}";
        await OpenJobAsync(connection, transaction, jobId, JobKinds.AddDomain, tenant, name, requestedBy, cancellationToken);
        var row = await connection.QuerySingleOrDefaultAsync<Domain>(Sql.Command(
            """
            insert into control.domains (id, tenant_id, name, state, proof, job_id, requested_by, created_at, updated_at)
            values (@id, @TenantId, @name, 'waiting_for_dns', @Proof, @jobId, @requestedBy, @Now, @Now)
            on conflict do nothing
            returning *
            """,
            new
            {
                id,
                TenantId = tenant.Id,
                name,
                Proof = $"bibind-domain={RandomNumberGenerator.GetHexString(2 * ProofBytes, lowercase: true)}",
                jobId,
                requestedBy,
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));

        // A rival was faster; the caller rolls back, and the job with it.
        return row is null
            ? Taken(name, await OwnerAsync(connection, transaction, name, code, cancellationToken), code)
            : new DomainAccepted(row, row.Order(code, jobId), tenant.Host);
    }

    /// <summary>Begins to remove a name in the caller's transaction: state and job.</summary>
    public async Task<DomainResult> BeginRemovingAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string name, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await TenantStore.LockAsync(connection, transaction, code, cancellationToken);
        if (tenant is null)
        {
            return new DomainRefused(DomainRefusalKind.NoTenant, $"There is no tenant '{code}'.");
        }

        var found = await connection.QuerySingleOrDefaultAsync<Domain>(Sql.Command(
            "select * from control.domains where tenant_id = @Id and name = @name for update", new { tenant.Id, name }, transaction, cancellationToken));
        if (found is null)
        {
            return new DomainRefused(DomainRefusalKind.NoDomain, $"Tenant '{code}' has no domain '{name}'.");
        }

        if (tenant.State is TenantStates.Terminating)
        {
            return new DomainRefused(DomainRefusalKind.TenantState, $"Tenant '{code}' is being removed, and its domains with it.");
        }

        // A job that waits for records gives way; one that sets the name up or takes it down has to come to its end.
        if (found.State is DomainStates.Issuing or DomainStates.Removing && await IsOpenAsync(connection, transaction, found.JobId, cancellationToken))
        {
            return new DomainRefused(DomainRefusalKind.JobRunning, $"Job '{found.JobId}' is at work on '{name}': wait for its end.");
        }

        var jobId = $"remove-domain-{code}-{found.Id}-{found.Removals + 1}";
        await OpenJobAsync(connection, transaction, jobId, JobKinds.RemoveDomain, tenant, name, requestedBy, cancellationToken);
        var row = await connection.QuerySingleAsync<Domain>(Sql.Command(
            "update control.domains set state = 'removing', reason = null, job_id = @jobId, removals = removals + 1, updated_at = @Now where id = @Id returning *",
            new { found.Id, jobId, Now = time.GetUtcNow() }, transaction, cancellationToken));
        return new DomainAccepted(row, row.Order(code, jobId), tenant.Host, found.State == DomainStates.WaitingForDns ? found.JobId : null);
    }

    /// <summary>Notes what is missing; answers whether the name is still wanted.</summary>
    public async Task<bool> NoteAsync(DomainOrder order, string note, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            """
            update control.domains d set reason = @note, checked_at = @Now, updated_at = @Now
            from control.tenants t
            where d.id = @DomainId and d.job_id = @JobId and d.state in ('waiting_for_dns', 'issuing')
              and t.id = d.tenant_id and t.state not in ('terminating', 'terminated', 'failed')
            """,
            new { order.DomainId, order.JobId, note, Now = time.GetUtcNow() }, cancellationToken)) > 0;
    }

    /// <summary>From now on the name is being set up, and a removal waits for that; the tenant at its names.</summary>
    /// <returns>Null, and why, if it cannot begin now.</returns>
    /// <exception cref="DomainLostException">Another tenant has proved the name.</exception>
    public async Task<(DomainDescriptor? Place, string? Refusal, bool IsWithdrawn)> BeginIssuingAsync(DomainOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, order.TenantId, cancellationToken);
        if (tenant is null or { State: TenantStates.Terminating or TenantStates.Terminated or TenantStates.Failed })
        {
            return (null, null, true);
        }

        if (tenant.State != TenantStates.Active && !tenant.IsSuspendedOnPurpose)
        {
            return (null, $"The records are as they must be; the tenant is {tenant.State}, and has to be active first.", false);
        }

        var begun = await ProveAsync(connection, transaction, order, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        var place = tenant.ToPlace(order.JobId);
        return begun == 0 ? (null, null, true) : (new DomainDescriptor(DomainDescriptors.At(place, tenant.Host, order.Name), place), null, false);
    }

    // Of two that prove the name at once the index lets one through; the other waits here for its end.
    private async Task<int> ProveAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, DomainOrder order, CancellationToken cancellationToken)
    {
        try
        {
            return await connection.ExecuteAsync(Sql.Command(
                """
                update control.domains
                set state = 'issuing', reason = null, proved_at = coalesce(proved_at, @Now), checked_at = @Now, updated_at = @Now
                where id = @DomainId and job_id = @JobId and state in ('waiting_for_dns', 'issuing')
                """,
                new { order.DomainId, order.JobId, Now = time.GetUtcNow() }, transaction, cancellationToken));
        }
        catch (PostgresException lost) when (lost.SqlState == PostgresErrorCodes.UniqueViolation)
        {
            throw new DomainLostException(order.Name);
        }
    }

    /// <summary>The name leads to the tenant: it is the public address from now on.</summary>
    /// <exception cref="PermanentFailureException">The name was taken away meanwhile.</exception>
    public async Task<DomainOutcome> ActivateAsync(DomainOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, order.TenantId, cancellationToken);
        var activated = await connection.ExecuteAsync(Sql.Command(
            """
            update control.domains set state = 'active', reason = null, activated_at = coalesce(activated_at, @Now), updated_at = @Now
            where id = @DomainId and job_id = @JobId and state in ('issuing', 'active')
            """,
            new { order.DomainId, order.JobId, Now = time.GetUtcNow() }, transaction, cancellationToken));
        if (tenant is null || activated == 0)
        {
            throw new PermanentFailureException($"The domain '{order.Name}' was taken away from tenant '{order.Code}' while it was being set up.");
        }

        var address = DomainDescriptors.At(tenant.ToPlace(order.JobId), tenant.Host, order.Name).BaseUrl;
        await SetAddressAsync(connection, transaction, tenant.Id, address, cancellationToken);
        var outcome = new DomainOutcome(order.Code, order.Name, "active", address);
        await jobs.FinishAsync(connection, transaction, order.JobId, new JobEnd { Outcome = JobOutcomes.Succeeded, Result = outcome }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.DomainStateChanged(logger, order.Name, DomainStates.Active, order.JobId);
        return outcome;
    }

    /// <summary>Ends a job that did not come to its aim. A name that is being removed stays so, with the reason, until that is tried again.</summary>
    public async Task EndAsync(DomainEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        var order = end.Order;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, order.TenantId, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.domains set state = case when state = 'removing' then state else 'failed' end, reason = @Reason, updated_at = @Now
            where id = @DomainId and job_id = @JobId
            """,
            new { order.DomainId, order.JobId, end.Reason, Now = time.GetUtcNow() }, transaction, cancellationToken));

        // An activation whose answer was lost and that was then undone.
        await LeaveAddressAsync(connection, transaction, tenant, order, cancellationToken);
        await jobs.FinishAsync(
            connection, transaction, order.JobId,
            new JobEnd { Outcome = end.IsCancelled ? JobOutcomes.Cancelled : JobOutcomes.Failed, Reason = end.Reason }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.DomainStateChanged(logger, order.Name, DomainStates.Failed, order.JobId);
    }

    /// <summary>The tenant at the name that is being removed, and where it is reached without it.</summary>
    /// <exception cref="PermanentFailureException">There is no such tenant.</exception>
    public async Task<DomainDescriptor> LocateAsync(DomainOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var tenant = await connection.QuerySingleOrDefaultAsync<Tenant>(Sql.Command(
            $"{TenantStore.Select} where t.id = @TenantId", new { order.TenantId }, cancellationToken))
            ?? throw new PermanentFailureException($"There is no tenant {order.TenantId} in the control database.");
        var place = tenant.ToPlace(order.JobId);
        var custom = DomainDescriptors.At(place, tenant.Host, order.Name);
        return new DomainDescriptor(custom, place.BaseUrl == custom.BaseUrl ? DomainDescriptors.At(place, tenant.Host, tenant.Host) : place);
    }

    /// <summary>Deletes the row of a name that was withdrawn; the public address is the platform's again if it was this one.</summary>
    public async Task<DomainOutcome> ForgetAsync(DomainOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tenant = await TenantStore.LockAsync(connection, transaction, order.TenantId, cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.domains where id = @DomainId", new { order.DomainId }, transaction, cancellationToken));
        var address = await LeaveAddressAsync(connection, transaction, tenant, order, cancellationToken);
        var outcome = new DomainOutcome(order.Code, order.Name, "removed", address);
        await jobs.FinishAsync(connection, transaction, order.JobId, new JobEnd { Outcome = JobOutcomes.Succeeded, Result = outcome }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.DomainStateChanged(logger, order.Name, "removed", order.JobId);
        return outcome;
    }

    private static DomainRefused? Refusal(Tenant? tenant, string code) => tenant switch
    {
        null => new DomainRefused(DomainRefusalKind.NoTenant, $"There is no tenant '{code}'."),
        // Of one that is suspended the new name shows the page that says so.
        { State: TenantStates.Active } or { IsSuspendedOnPurpose: true } => null,
        _ => new DomainRefused(DomainRefusalKind.TenantState, $"Tenant '{code}' is {tenant.State}: a domain can be added when it is active."),
    };

    private static DomainRefused Taken(string name, string? owner, string code) => new(
        DomainRefusalKind.Taken,
        owner == code ? $"Tenant '{code}' has the domain '{name}' already." : $"The domain '{name}' belongs to another tenant: it has to be removed there first.");

    // Who only waits for a name's records has no claim on it but against a second order of his own.
    private static Task<string?> OwnerAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string name, string code, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            """
            select t.code from control.domains d join control.tenants t on t.id = d.tenant_id
            where d.name = @name and d.state <> 'failed' and (d.proved_at is not null or t.code = @code)
            order by t.code = @code desc limit 1
            """,
            new { name, code }, transaction, cancellationToken));

    private static Task<bool> IsOpenAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.jobs where id = @jobId and finished_at is null)", new { jobId }, transaction, cancellationToken));

    private Task OpenJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, string kind, Tenant tenant, string name, string requestedBy,
        CancellationToken cancellationToken) =>
        jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = id, Kind = kind, TenantId = tenant.Id, TenantCode = tenant.Code, Subject = name, RequestedBy = requestedBy, Changing = false },
            cancellationToken);

    private static async Task<string?> LeaveAddressAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant? tenant, DomainOrder order, CancellationToken cancellationToken)
    {
        if (tenant is null)
        {
            return null;
        }

        var place = tenant.ToPlace(order.JobId);
        if (place.BaseUrl != DomainDescriptors.At(place, tenant.Host, order.Name).BaseUrl)
        {
            return place.BaseUrl;
        }

        var platform = DomainDescriptors.At(place, tenant.Host, tenant.Host).BaseUrl;
        await SetAddressAsync(connection, transaction, tenant.Id, platform, cancellationToken);
        return platform;
    }

    private static Task<int> SetAddressAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, string address, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            "update control.tenants set base_url = @address where id = @tenantId", new { tenantId, address }, transaction, cancellationToken));
}
