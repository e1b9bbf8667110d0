using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Databases;

/// <summary>Why a database cannot be made a tenant's own now.</summary>
public enum AdoptionRefusalKind
{
    NotFound,
    JobRunning,
    TenantState,
}

/// <summary>What came of asking for a tenant to adopt for.</summary>
public abstract record AdoptionResult;

/// <summary>The tenant, locked until the transaction ends.</summary>
public sealed record AdoptingTenant(Tenant Tenant) : AdoptionResult;

/// <summary>Why not, in words.</summary>
public sealed record AdoptionRefused(AdoptionRefusalKind Kind, string Message) : AdoptionResult;

/// <summary>What was adopted, as the job's result keeps it.</summary>
/// <param name="Database">Its name.</param>
/// <param name="Oid">Its number.</param>
/// <param name="Owner">The role that owned it.</param>
/// <param name="Reason">Why, in an administrator's words.</param>
public sealed record AdoptedDatabase(string Database, long Oid, string Owner, string Reason);

/// <summary>
/// Makes a database a tenant's own because an administrator says so, in the caller's transaction. The tenant's row is locked, as at every
/// change of state, and a job that ended well tells who did it and why.
/// </summary>
public sealed class DatabaseAdoptions(DatabaseRegister register, JobStore jobs)
{
    /// <summary>Locks the tenant, if nothing is changing it.</summary>
    public static async Task<AdoptionResult> BeginAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await TenantStore.LockAsync(connection, transaction, code, cancellationToken);
        if (tenant is null)
        {
            return new AdoptionRefused(AdoptionRefusalKind.NotFound, TenantStore.NoSuchTenant);
        }

        // A second statement sees what the transaction that held the lock before has committed.
        if (await JobStore.FindInTheWayAsync(connection, transaction, tenant.Id, cancellationToken) is { } running)
        {
            return new AdoptionRefused(AdoptionRefusalKind.JobRunning, $"Job '{running}' of tenant '{code}' is in the way: wait for its end.");
        }

        return tenant.State is TenantStates.Active or TenantStates.Suspended or TenantStates.Terminating
            ? new AdoptingTenant(tenant)
            : new AdoptionRefused(
                AdoptionRefusalKind.TenantState,
                $"Tenant '{code}' is {tenant.State}: only an active or suspended tenant, or one whose removal failed, is given a database.");
    }

    /// <summary>Records the database as the tenant's own. One that was it before stays known as a former one.</summary>
    /// <returns>The id of the job that tells of it.</returns>
    /// <exception cref="Bibind.Durable.PermanentFailureException">It is recorded as somebody else's.</exception>
    public async Task<string> AdoptAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, AdoptedDatabase adopted, string requestedBy,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tenant);
        ArgumentNullException.ThrowIfNull(adopted);
        await connection.ExecuteAsync(Sql.Command(
            "update control.databases set purpose = 'former' where tenant_id = @Id and server_id = @ServerId and purpose = 'current' and oid <> @Oid",
            new { tenant.Id, tenant.ServerId, adopted.Oid }, transaction, cancellationToken));
        await register.RecordAsync(
            connection, transaction,
            new KnownDatabase
            {
                ServerId = tenant.ServerId,
                Oid = (uint)adopted.Oid,
                Name = adopted.Database,
                Holder = DatabaseHolder.Tenant(tenant.Id),
                Purpose = DatabasePurposes.Current,
            },
            cancellationToken);
        var jobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.AdoptDatabase, tenant.Code, tenant.Id, cancellationToken);
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = jobId,
                Kind = JobKinds.AdoptDatabase,
                TenantId = tenant.Id,
                TenantCode = tenant.Code,
                Subject = tenant.Code,
                RequestedBy = requestedBy,
            },
            cancellationToken);
        await jobs.FinishAsync(connection, transaction, jobId, new JobEnd { Outcome = JobOutcomes.Succeeded, Result = adopted }, cancellationToken);
        return jobId;
    }
}
