using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Plans;

/// <summary>What plans allow, for whoever enforces it.</summary>
public interface IPlanLimits
{
    /// <summary>Bytes that a tenant of the plan may store; null if there is no limit.</summary>
    Task<long?> FindStorageQuotaAsync(string plan, CancellationToken cancellationToken);
}

/// <summary>Reads plans.</summary>
public sealed class PlanStore(NpgsqlDataSource database) : IPlanLimits
{
    private const string Columns =
        """
        code, name, price_period, user_limit, storage_quota_bytes, backup_schedule,
        retention_daily, retention_weekly, retention_monthly, grace_days
        """;

    /// <summary>All plans, the smallest first.</summary>
    public async Task<IReadOnlyList<Plan>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Plan>(Sql.Command(
            $"select {Columns} from control.plans order by sequence, code", null, cancellationToken))).AsList();
    }

    /// <summary>The plan, or null.</summary>
    public async Task<Plan?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Plan>(Sql.Command(
            $"select {Columns} from control.plans where code = @code", new { code }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<long?> FindStorageQuotaAsync(string plan, CancellationToken cancellationToken) =>
        (await FindAsync(plan, cancellationToken))?.StorageQuotaBytes;
}
