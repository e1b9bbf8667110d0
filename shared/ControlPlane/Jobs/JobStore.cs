using System.Diagnostics.CodeAnalysis;
using Bibind.Contracts;
using Bibind.ControlPlane.Notices;
using Bibind.Durable;
using Bibind.Durable.Serialization;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>The jobs in the control database.</summary>
public sealed class JobStore(NpgsqlDataSource database, INotices notices, TimeProvider time)
{
    /// <summary>
    /// True of a job that nothing may change its tenant beside: it is open and changes it itself, or reads what would be changed or
    /// deleted.
    /// </summary>
    internal const string IsInTheWay = "(finished_at is null and (changing or kind in ('backup', 'verify-backup')))";

    /// <summary>So many jobs are counted at most: a list of a million is not worth it.</summary>
    public const int MostCounted = PageRequest.MostCounted;

    internal const string NewestFirst = "order by j.created_at desc, j.id desc";

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
        // Old jobs are forgotten, the newest of each kind is not: no number comes twice.
        var prefix = FormattableString.Invariant($"{kind}-{tenantCode}-{tenantId}-");
        var before = await connection.ExecuteScalarAsync<int>(Sql.Command(
            """
            select greatest(count(*), max(case when n ~ '^[0-9]{1,9}$' then n::int end))::int
            from (select case when starts_with(id, @prefix) then substring(id from char_length(@prefix) + 1) end as n
                  from control.jobs where tenant_id = @tenantId and kind = @kind) numbers
            """,
            new { tenantId, kind, prefix }, transaction, cancellationToken));
        return FormattableString.Invariant($"{prefix}{before + 1}");
    }

    /// <summary>Says in the caller's transaction which job started another.</summary>
    [SuppressMessage("Performance", "CA1822", Justification = "One injected service writes jobs.")]
    public async Task SetParentAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, string parent, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await connection.ExecuteAsync(Sql.Command("update control.jobs set parent = @parent where id = @id", new { id, parent }, transaction, cancellationToken));
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

    /// <summary>Jobs by page, newest first; they are counted up to <see cref="MostCounted"/>.</summary>
    public async Task<Page<Job>> ListAsync(JobFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        page = page.Checked();
        var from = filter.FromSql();
        var parameters = filter.Parameters(time.GetUtcNow());
        parameters.AddDynamicParams(new { page.Offset, page.Size, Most = MostCounted });
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        if (filter.LooksThrough)
        {
            // What no index knows is looked for once, for the number and the page together.
            var (matches, ids) = await connection.QuerySingleAsync<(long, string[])>(Sql.Command(
                $"select least(count(*), @Most), coalesce((array_agg(c.id))[(@Offset + 1)::int : (@Offset + @Size)::int], '{{}}') from (select j.id {from} {NewestFirst}) c", parameters, cancellationToken));
            var shown = await connection.QueryAsync<Job>(Sql.Command($"select j.* from control.jobs j where j.id = any(@ids) {NewestFirst}", new { ids }, cancellationToken));
            return new Page<Job>(shown.AsList(), matches, page.Number, page.Size);
        }

        // Counted in the order of the list, so that the same index is read, and no further than it is counted.
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from (select {from} {NewestFirst} limit @Most) c", parameters, cancellationToken));
        var items = await connection.QueryAsync<Job>(Sql.Command($"select j.* {from} {NewestFirst} offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Job>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>The jobs that this one started, oldest first, a hundred at most.</summary>
    public async Task<IReadOnlyList<string>> ListChildrenAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<string>(Sql.Command(
            "select id from control.jobs where parent = @id order by created_at, id limit 100", new { id }, cancellationToken))).AsList();
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

    /// <summary>Closes a job in the caller's transaction, with the notice of one that has failed.</summary>
    /// <exception cref="PermanentFailureException">There is no such job.</exception>
    public async Task FinishAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string id, JobEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(end);
        var closed = await connection.QuerySingleOrDefaultAsync<ClosedJob>(Sql.Command(
            """
            update control.jobs set
              finished_at = coalesce(finished_at, @Now),
              outcome = case when cancel_requested_at is not null and @Outcome = 'failed' then 'cancelled' else @Outcome end,
              reason = case when cancel_requested_at is not null then replace(@Reason, @Ended, @Cancelled) else @Reason end,
              result = cast(@Result as jsonb), inventory = cast(@Inventory as jsonb)
            where id = @id
            returning kind, tenant_id, outcome
            """,
            new
            {
                id,
                end.Outcome,
                end.Reason,
                Ended = JobReasons.EndedFromOutside.TrimEnd('.'),
                Cancelled = JobReasons.Cancelled.TrimEnd('.'),
                Result = HubDataConverter.Default.Serialize(end.Result),
                Inventory = HubDataConverter.Default.Serialize(end.Inventory),
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
        if (closed is null)
        {
            throw new PermanentFailureException($"There is no job '{id}' in the control database.");
        }

        if (closed.Outcome == JobOutcomes.Failed)
        {
            await notices.RaiseAsync(connection, transaction, Notice.JobFailed(closed.TenantId, id, closed.Kind, end.Reason), cancellationToken);
        }
    }

    private sealed record ClosedJob
    {
        public string Kind { get; init; } = string.Empty;
        public long? TenantId { get; init; }
        public string Outcome { get; init; } = string.Empty;
    }
}
