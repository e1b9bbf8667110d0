using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What became of the wish for new passwords.</summary>
public abstract record CredentialResetResult
{
    private CredentialResetResult()
    {
    }

    /// <summary>The job is open; its orchestration is the caller's to start in the same transaction.</summary>
    public sealed record Opened(ResetCredentialsOrder Order, string TenantState) : CredentialResetResult;

    /// <summary>There is no such tenant.</summary>
    public sealed record NotFound : CredentialResetResult;

    /// <summary>The tenant's state does not allow it.</summary>
    public sealed record NotActive(string State) : CredentialResetResult;

    /// <summary>Another job is in the way.</summary>
    public sealed record InTheWay(string JobId) : CredentialResetResult;
}

/// <summary>The jobs that give tenants new passwords.</summary>
public sealed class TenantCredentialJobs(TenantStore tenants, JobStore jobs)
{
    private const string InTheWaySql = "select id from control.jobs where tenant_id = @Id and finished_at is null and changing order by created_at limit 1";

    /// <summary>Opens a job in the caller's transaction; the tenant's row is locked first.</summary>
    public async Task<CredentialResetResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var tenant = await TenantStore.LockAsync(connection, transaction, code, cancellationToken);
        if (tenant is null)
        {
            return new CredentialResetResult.NotFound();
        }

        if (await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(InTheWaySql, new { tenant.Id }, transaction, cancellationToken)) is { } running)
        {
            return new CredentialResetResult.InTheWay(running);
        }

        if (tenant.State != TenantStates.Active)
        {
            return new CredentialResetResult.NotActive(tenant.State);
        }

        var order = new ResetCredentialsOrder
        {
            TenantId = tenant.Id,
            JobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.ResetCredentials, tenant.Code, tenant.Id, cancellationToken),
            Code = tenant.Code,
        };
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob
            {
                Id = order.JobId,
                Kind = JobKinds.ResetCredentials,
                TenantId = tenant.Id,
                TenantCode = tenant.Code,
                Subject = tenant.Code,
                RequestedBy = requestedBy,
            },
            cancellationToken);
        return new CredentialResetResult.Opened(order, tenant.State);
    }

    /// <summary>The place of the tenant whose open job this is.</summary>
    /// <exception cref="PermanentFailureException">The job is not an open one of this tenant.</exception>
    public async Task<TenantDescriptor> ConfirmAsync(long tenantId, string jobId, CancellationToken cancellationToken)
    {
        var place = await tenants.GetPlaceAsync(tenantId, jobId, cancellationToken);
        return await jobs.FindAsync(jobId, cancellationToken) is { FinishedAt: null } job && job.TenantId == tenantId
            ? place
            : throw new PermanentFailureException($"Job '{jobId}' is not an open job of tenant '{place.Code}' ({tenantId}).");
    }

    /// <summary>Closes a job.</summary>
    public Task EndAsync(CredentialResetEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        return jobs.FinishAsync(
            end.JobId,
            new JobEnd
            {
                Outcome = end.Result is null ? JobOutcomes.Failed : JobOutcomes.Succeeded,
                Result = end.Result,
                Reason = end.Reason,
            },
            cancellationToken);
    }
}
