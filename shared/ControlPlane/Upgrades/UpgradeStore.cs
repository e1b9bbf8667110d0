using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Upgrades;

/// <summary>Remembers which transaction ran an upgrade's statements.</summary>
public interface IUpgradeTransactions
{
    /// <summary>The transaction that ran them in the copy or in the tenant's database; null if none was begun.</summary>
    Task<long?> FindAsync(string jobId, bool isCopy, CancellationToken cancellationToken);

    /// <summary>Remembers it; before it is committed.</summary>
    Task RememberAsync(string jobId, bool isCopy, long transaction, CancellationToken cancellationToken);
}

/// <summary>Reads upgrades.</summary>
public sealed class UpgradeStore(NpgsqlDataSource database) : IUpgradeTransactions
{
    internal const string Select = "select u.*, t.code as tenant_code from control.tenant_upgrades u join control.tenants t on t.id = u.tenant_id";

    // Of the tenant with this code that is live, or else was the last.
    private const string OfTenant = "(select x.id from control.tenants x where x.code = @code order by (x.state not in ('failed', 'terminated')) desc, x.id desc limit 1)";

    /// <summary>The upgrade that a job makes, or null.</summary>
    public async Task<TenantUpgrade?> FindByJobAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await FindByJobAsync(connection, null, jobId, cancellationToken);
    }

    /// <summary>The same in the caller's transaction.</summary>
    public static Task<TenantUpgrade?> FindByJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, string jobId, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<TenantUpgrade>(Sql.Command($"{Select} where u.job_id = @jobId", new { jobId }, transaction, cancellationToken));

    /// <summary>True of a job that takes an upgrade back; in the caller's transaction.</summary>
    public static Task<bool> IsRollbackAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            "select exists (select from control.tenant_upgrades where rollback_job_id = @jobId)", new { jobId }, transaction, cancellationToken));

    /// <summary>The tenant's newest upgrade that changed it, or null.</summary>
    internal static Task<TenantUpgrade?> FindLatestAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        connection.QueryFirstOrDefaultAsync<TenantUpgrade>(Sql.Command(
            $"{Select} where u.tenant_id = @tenantId and u.state in ('upgraded', 'taken-back') order by u.id desc limit 1", new { tenantId }, transaction, cancellationToken));

    /// <summary>The tenant's newest upgrade, whatever became of it, or null.</summary>
    internal static Task<TenantUpgrade?> FindNewestAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken) =>
        connection.QueryFirstOrDefaultAsync<TenantUpgrade>(Sql.Command(
            $"{Select} where u.tenant_id = @tenantId order by u.id desc limit 1", new { tenantId }, transaction, cancellationToken));

    /// <summary>A tenant's upgrades by page, newest first.</summary>
    public async Task<Page<TenantUpgrade>> ListAsync(string code, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        var parameters = new { code, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"select count(*) from control.tenant_upgrades where tenant_id = {OfTenant}", parameters, cancellationToken));
        var items = await connection.QueryAsync<TenantUpgrade>(Sql.Command(
            $"{Select} where u.tenant_id = {OfTenant} order by u.id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<TenantUpgrade>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>How the tenant's database is named, by the offer that it was sold.</summary>
    public async Task<string> GetDatabasePatternAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleAsync<string>(Sql.Command(
            """
            select o.database_pattern from control.tenants t join control.offer_versions o on o.code = t.offer and o.version = t.offer_version
            where t.id = @tenantId
            """,
            new { tenantId }, cancellationToken));
    }

    /// <summary>True if this backup is on the list.</summary>
    public async Task<bool> HasBackupAsync(string backupId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command("select exists (select from control.backups where id = @backupId)", new { backupId }, cancellationToken));
    }

    /// <summary>Upgrades that have not ended, by the instance that makes or ends each.</summary>
    public async Task<IReadOnlyDictionary<string, TenantUpgrade>> ListOpenAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantUpgrade>(Sql.Command($"{Select} where u.ended_at is null order by u.id", null, cancellationToken)))
            .ToDictionary(u => u.Instance, StringComparer.Ordinal);
    }

    /// <summary>Upgrades whose safety backup is kept no longer, and that nobody takes back now.</summary>
    public async Task<IReadOnlyList<TenantUpgrade>> ListDueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantUpgrade>(Sql.Command(
            $"""
            {Select}
            where u.keep_until <= @now and u.ended_at is not null
              and not exists (select from control.jobs j where j.id = u.rollback_job_id and j.finished_at is null)
            order by u.keep_until, u.id limit @limit
            """,
            new { now, limit }, cancellationToken))).AsList();
    }

    /// <summary>Upgrades that have ended and left something of their copy.</summary>
    public async Task<IReadOnlyList<TenantUpgrade>> ListWithCopyAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<TenantUpgrade>(Sql.Command(
            $"""
            {Select}
            where u.copy_database is not null and u.ended_at is not null
              and not exists (select from control.tenant_upgrades o where o.tenant_id = u.tenant_id and o.ended_at is null)
            order by u.id limit @limit
            """,
            new { limit }, cancellationToken))).AsList();
    }

    /// <inheritdoc/>
    public async Task<long?> FindAsync(string jobId, bool isCopy, CancellationToken cancellationToken) =>
        await FindByJobAsync(jobId, cancellationToken) is { } upgrade ? isCopy ? upgrade.CopyTransaction : upgrade.TenantTransaction : null;

    /// <inheritdoc/>
    public async Task RememberAsync(string jobId, bool isCopy, long transaction, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.tenant_upgrades
            set copy_transaction = case when @isCopy then @transaction else copy_transaction end,
                tenant_transaction = case when @isCopy then tenant_transaction else @transaction end
            where job_id = @jobId and ended_at is null
            """,
            new { jobId, isCopy, transaction }, cancellationToken));
    }
}
