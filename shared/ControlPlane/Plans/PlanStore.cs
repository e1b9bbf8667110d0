using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Plans;

/// <summary>What plans allow, for whoever enforces it.</summary>
public interface IPlanLimits
{
    /// <summary>Bytes that the tenant may store, by its own limit, else by the version of the plan that it was sold; null if there is no limit.</summary>
    Task<long?> FindStorageQuotaAsync(long tenantId, CancellationToken cancellationToken);
}

/// <summary>The plans, in all their versions.</summary>
public sealed class PlanStore(NpgsqlDataSource database, TimeProvider time) : VersionedCatalogue<Plan, PlanFields>(database, time, "plan"), IPlanLimits
{
    private protected override string Order => "sequence, code";

    /// <summary>Adds a plan in the caller's transaction, as version 1.</summary>
    public Task<CatalogueResult<Plan>> CreateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewPlan plan, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(plan);
        return CreateAsync(connection, transaction, PlanOf(plan), who, why, cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<long?> FindStorageQuotaAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await Database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long?>(Sql.Command(
            """
            select coalesce(t.max_storage_bytes, p.storage_quota_bytes)
            from control.tenants t join control.plan_versions p on p.code = t.plan and p.version = t.plan_version where t.id = @tenantId
            """,
            new { tenantId }, cancellationToken));
    }

    private protected override async Task<string?> FindUseAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string code, CancellationToken cancellationToken)
    {
        await using var offers = new NpgsqlCommand(
            "select string_agg(code, ', ' order by code) from control.offers where default_plan = $1 and removed_at is null", connection, transaction)
        {
            Parameters = { new NpgsqlParameter<string> { TypedValue = code } },
        };
        return await offers.ExecuteScalarAsync(cancellationToken) is string of
            ? $"The plan '{code}' is the default of the offers {of}: give them another default plan first."
            : await base.FindUseAsync(connection, transaction, code, cancellationToken);
    }

    private static Plan PlanOf(NewPlan plan) => new()
    {
        Code = plan.Code,
        Name = plan.Name,
        Sequence = plan.Sequence,
        PricePeriod = plan.PricePeriod,
        UserLimit = plan.UserLimit,
        StorageQuotaBytes = plan.StorageQuotaBytes,
        BackupSchedule = plan.BackupSchedule,
        RetentionDaily = plan.RetentionDaily,
        RetentionWeekly = plan.RetentionWeekly,
        RetentionMonthly = plan.RetentionMonthly,
        GraceDays = plan.GraceDays,
        TrialDays = plan.TrialDays,
        AutoRenew = plan.AutoRenew,
        Region = plan.Region,
        Labels = plan.Labels,
        Size = plan.Size,
        AllowedModules = plan.AllowedModules,
        SupportConsent = plan.SupportConsent,
        Active = plan.Active,
    };
}
