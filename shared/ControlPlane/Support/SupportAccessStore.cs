using Bibind.Contracts;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Support;

/// <summary>Says which accounts of operators may not be in a database that is brought back.</summary>
public interface ISupportAccounts
{
    /// <summary>The accounts that were made in a tenant.</summary>
    /// <param name="tenantId">Whose database was backed up.</param>
    /// <param name="besidesLive">True leaves out those of accesses that have not ended.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    Task<IReadOnlyList<SupportAccount>> ListAsync(long tenantId, bool besidesLive, CancellationToken cancellationToken);
}

/// <summary>Reads accesses.</summary>
public sealed class SupportAccessStore(NpgsqlDataSource database, TimeProvider time) : ISupportAccounts
{
    /// <summary>An access of the tenant with the number, or null.</summary>
    public async Task<SupportAccess?> FindAsync(long tenantId, long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            "select * from control.support_accesses where tenant_id = @tenantId and id = @id", new { tenantId, id }, cancellationToken));
    }

    /// <summary>The access that waits for the consent by this token, or did, or null.</summary>
    public async Task<SupportAccess?> FindByTokenAsync(string tokenHash, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            "select * from control.support_accesses where token_hash = @tokenHash", new { tokenHash }, cancellationToken));
    }

    /// <summary>The access of a job, or null.</summary>
    public async Task<SupportAccess?> FindByJobAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<SupportAccess>(Sql.Command(
            "select * from control.support_accesses where job_id = @jobId", new { jobId }, cancellationToken));
    }

    /// <summary>The accesses to a tenant, newest first.</summary>
    /// <param name="tenantId">Whose.</param>
    /// <param name="state">Only those in this state; null: all.</param>
    /// <param name="page">Which part.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task<Page<SupportAccess>> ListAsync(long tenantId, string? state, PageRequest page, CancellationToken cancellationToken)
    {
        const string Where = "from control.support_accesses where tenant_id = @tenantId and (@state::text is null or state = @state)";
        page = page.Checked();
        var parameters = new { tenantId, state, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<SupportAccess>(Sql.Command($"select * {Where} order by id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<SupportAccess>(items.AsList(), total, page.Number, page.Size);
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<SupportAccount>> ListAsync(long tenantId, bool besidesLive, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var found = await connection.QueryAsync<SupportAccess>(Sql.Command(
            $"""
            select login, account_id, account_mark from control.support_accesses
            where tenant_id = @tenantId and account_id is not null and not (@besidesLive and {SupportStates.IsLive}) order by id
            """,
            new { tenantId, besidesLive }, cancellationToken));
        return [.. found.Select(a => a.Account)];
    }

    /// <summary>The credentials of an access were shown; the first time stays.</summary>
    public async Task MarkShownAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.support_accesses set shown_at = coalesce(shown_at, @now) where id = @id", new { id, now = time.GetUtcNow() }, cancellationToken));
    }

    /// <summary>The jobs of live accesses to a tenant.</summary>
    public async Task<IReadOnlyList<string>> ListLiveJobsAsync(string tenantCode, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<string>(Sql.Command(
            $"select job_id from control.support_accesses where tenant_code = @tenantCode and {SupportStates.IsLive}", new { tenantCode }, cancellationToken))).AsList();
    }
}
