using System.Globalization;
using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Plans;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Suspensions;

/// <summary>Gives tenants other plans. What is below what a tenant uses is accepted, and said: a customer who pays less is not kept at the dearer plan.</summary>
public sealed class PlanChangeOpening(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Gives a tenant the newest version of a plan in the caller's transaction, and opens the job that tells the object store.</summary>
    public async Task<SuspensionResult> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, string plan, string requestedBy, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await TenantStore.LockAsync(connection, transaction, code, cancellationToken) is not { } tenant)
        {
            return new SuspensionResult.NotFound();
        }

        if (await SuspensionOpening.FindChangingAsync(connection, transaction, tenant, cancellationToken) is { } running)
        {
            return new SuspensionResult.JobRunning(running);
        }

        if (tenant.State is not (TenantStates.Active or TenantStates.Suspended))
        {
            return new SuspensionResult.NotActive(tenant.State);
        }

        // As an order takes it: the plan is neither removed nor changed until this is committed.
        var wanted = await connection.QuerySingleOrDefaultAsync<Plan>(Sql.Command(
            "select * from control.plans where code = @plan and removed_at is null for share", new { plan }, transaction, cancellationToken));
        if (wanted is null)
        {
            var known = await connection.QueryAsync<string>(Sql.Command(
                "select code from control.plans where removed_at is null and active order by sequence, code", null, transaction, cancellationToken));
            return new SuspensionResult.UnknownPlan(plan, known.AsList());
        }

        if (tenant.Plan == wanted.Code && tenant.PlanVersion == wanted.Version)
        {
            return new SuspensionResult.SamePlan(wanted.Code, wanted.Version);
        }

        if (!wanted.Active)
        {
            return new SuspensionResult.PlanClosed(wanted.Code);
        }

        return new SuspensionResult.PlanChanging(await ChangeAsync(connection, transaction, tenant, wanted, requestedBy, cancellationToken), tenant.State);
    }

    /// <summary>Ends the job.</summary>
    public async Task EndAsync(PlanChangeEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.jobs where id = @JobId and finished_at is not null)", new { end.JobId }, transaction, cancellationToken)))
        {
            await jobs.FinishAsync(connection, transaction, end.JobId, new JobEnd { Outcome = JobOutcomes.Succeeded, Result = end.Result }, cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
    }

    private async Task<ChangePlanOrder> ChangeAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, Tenant tenant, Plan wanted, string requestedBy, CancellationToken cancellationToken)
    {
        var order = new ChangePlanOrder
        {
            TenantId = tenant.Id,
            JobId = await JobStore.NextIdAsync(connection, transaction, JobKinds.ChangePlan, tenant.Code, tenant.Id, cancellationToken),
            Code = tenant.Code,
            Plan = wanted.Code,
            PlanVersion = wanted.Version,
            FormerPlan = tenant.Plan,
            FormerPlanVersion = tenant.PlanVersion,
            Exceeded = [.. ExceededBy(tenant, wanted)],
        };
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = order.JobId, Kind = JobKinds.ChangePlan, TenantId = tenant.Id, TenantCode = tenant.Code, Subject = wanted.Code, RequestedBy = requestedBy },
            cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.tenants set plan = @Plan, plan_version = @PlanVersion where id = @TenantId",
            new { order.TenantId, order.Plan, order.PlanVersion }, transaction, cancellationToken));
        await TenantChecks.SetDueAsync(connection, transaction, tenant.Id, TenantCheckNames.Limits, time.GetUtcNow(), cancellationToken);
        return order;
    }

    private static IEnumerable<string> ExceededBy(Tenant tenant, Plan wanted)
    {
        if (tenant.Users is { } users && tenant.MaxUsers is null && wanted.UserLimit is { } most && users > most)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The tenant has {users} internal users, and the plan '{wanted.Code}' allows {most}: users are to be archived, or the plan changed.");
        }

        if (tenant.MaxStorageBytes is null && wanted.StorageQuotaBytes is { } quota && (tenant.DatabaseBytes ?? 0) + (tenant.StorageBytes ?? 0) is var used && used > quota)
        {
            yield return string.Create(CultureInfo.InvariantCulture, $"The tenant stores {used} bytes, and the plan '{wanted.Code}' allows {quota}: data are to be deleted, or the plan changed.");
        }
    }
}
