using System.Diagnostics.CodeAnalysis;
using Bibind.Durable;
using Bibind.Durable.Serialization;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>The jobs in the control database.</summary>
public sealed class JobStore(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>
    /// True of a job that nothing may change its tenant beside: it is open and changes it itself, or reads what would be changed or
    /// deleted.
    /// </summary>
    internal const string IsInTheWay = "(finished_at is null and (changing or kind in ('backup', 'verify-backup')))";

    /// <summary>Opens a job in the caller's transaction, together with what it is about.</summary>
    public async Task InsertAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, NewJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(job);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at)
            values (@Id, @Kind, @TenantId, @TenantCode, @Subject, @RequestedBy, @Changing, @Now)
            """,
            new { job.Id, job.Kind, job.TenantId, job.TenantCode, job.Subject, job.RequestedBy, job.Changing, Now = time.GetUtcNow() },
            transaction, cancellationToken));
    }

    /// <summary>The job that nothing may change a tenant beside, besides one's own; null if there is none. The tenant's row is locked.</summary>
    internal static Task<string?> FindInTheWayAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long tenantId, CancellationToken cancellationToken, string? own = null) =>
        connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            $"select id from control.jobs where tenant_id = @tenantId and {IsInTheWay} and id is distinct from @own order by changing desc, created_at limit 1",
            new { tenantId, own }, transaction, cancellationToken));

    /// <summary>The id of a tenant's next job of a kind; its row is locked, or two at once would get the same.</summary>
    internal static async Task<string> NextIdAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string kind, string tenantCode, long tenantId, CancellationToken cancellationToken)
    {
        var before = await connection.ExecuteScalarAsync<int>(Sql.Command(
            "select count(*)::int from control.jobs where tenant_id = @tenantId and kind = @kind", new { tenantId, kind }, transaction, cancellationToken));
        return FormattableString.Invariant($"{kind}-{tenantCode}-{tenantId}-{before + 1}");
    }

    /// <summary>Adds notes to a job in the caller's transaction.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service writes jobs.")]
    public async Task AddNotesAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, IReadOnlyList<string> notes, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(notes);
        await connection.ExecuteAsync(Sql.Command(
            "update control.jobs set notes = notes || @Notes where id = @id", new { id, Notes = notes.ToArray() }, transaction, cancellationToken));
    }

    /// <summary>The job, or null.</summary>
    public async Task<Job?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Job>(Sql.Command(
            "select * from control.jobs where id = @id", new { id }, cancellationToken));
    }

    /// <summary>The tenant's newest job, or null.</summary>
    public async Task<Job?> FindLatestAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Job>(Sql.Command(
            "select * from control.jobs where tenant_id = @tenantId order by created_at desc, id desc limit 1", new { tenantId }, cancellationToken));
    }

    /// <summary>Jobs by page, newest first.</summary>
    public async Task<Page<Job>> ListAsync(JobFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            """
            from control.jobs
            where (@TenantCode::text is null or tenant_code = @TenantCode)
              and (@Customer::text is null or exists (select from control.tenants t where t.id = tenant_id and t.customer = @Customer))
              and (@Kind::text is null or kind = @Kind)
              and (@Outcome::text is null or outcome = @Outcome)
              and (@Open::boolean is null or (finished_at is null) = @Open)
            """;
        page = page.Checked();
        var parameters = new { filter.TenantCode, filter.Customer, filter.Kind, filter.Outcome, filter.Open, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Job>(Sql.Command(
            $"select * {Where} order by created_at desc, id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Job>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Closes a job; closing it again keeps the first time and takes over the rest.</summary>
    /// <exception cref="PermanentFailureException">There is no such job.</exception>
    public async Task FinishAsync(string id, JobEnd end, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await FinishAsync(connection, transaction, id, end, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>Closes a job in the caller's transaction.</summary>
    /// <exception cref="PermanentFailureException">There is no such job.</exception>
    public async Task FinishAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, JobEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(end);
        var closed = await connection.ExecuteAsync(Sql.Command(
            """
            update control.jobs set
              finished_at = coalesce(finished_at, @Now), outcome = @Outcome, reason = @Reason,
              result = cast(@Result as jsonb), inventory = cast(@Inventory as jsonb)
            where id = @id
            """,
            new
            {
                id,
                end.Outcome,
                end.Reason,
                Result = HubDataConverter.Default.Serialize(end.Result),
                Inventory = HubDataConverter.Default.Serialize(end.Inventory),
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
        if (closed == 0)
        {
            throw new PermanentFailureException($"There is no job '{id}' in the control database.");
        }
    }
}
