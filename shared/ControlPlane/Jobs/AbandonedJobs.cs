using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>An open job of a tenant, as the sweep looks at it.</summary>
/// <param name="Id">The job's id.</param>
/// <param name="Kind">One of <see cref="JobKinds"/>.</param>
/// <param name="TenantId">The tenant.</param>
/// <param name="TenantCode">Its code.</param>
/// <param name="UndoAttempts">How often its undoing was started.</param>
public sealed record OpenJob(string Id, string Kind, long TenantId, string TenantCode, int UndoAttempts)
{
    /// <summary>The orchestration that goes about it now: the job's own, or the last that undoes it.</summary>
    public string Instance => Job.InstanceOf(Id, UndoAttempts);

    /// <summary>The one that would undo it next.</summary>
    public string NextUndo => Job.InstanceOf(Id, UndoAttempts + 1);
}

/// <summary>Jobs whose orchestration was ended from outside: nobody would ever close them.</summary>
public sealed class AbandonedJobs(NpgsqlDataSource database, JobOrchestrations orchestrations)
{
    private const int AtOnce = 500;

    /// <summary>Open jobs of these kinds, and those that were cancelled if they are wanted, that no orchestration goes about any more.</summary>
    public async Task<IReadOnlyList<OpenJob>> FindAsync(IReadOnlyCollection<string> kinds, CancellationToken cancellationToken, bool orCancelled = false)
    {
        List<OpenJob> open;
        await using (var connection = await database.OpenConnectionAsync(cancellationToken))
        {
            open = (await connection.QueryAsync<OpenJob>(Sql.Command(
                """
                select id, kind, tenant_id, tenant_code, undo_attempts from control.jobs
                where finished_at is null and tenant_id is not null and (kind = any(@kinds) or (@orCancelled and cancel_requested_at is not null))
                order by created_at limit @AtOnce
                """,
                new { kinds = kinds.ToArray(), orCancelled, AtOnce }, cancellationToken))).AsList();
        }

        var ended = (await orchestrations.FindEndedAsync([.. open.Select(j => j.Instance)], cancellationToken)).ToHashSet(StringComparer.Ordinal);
        return [.. open.Where(j => ended.Contains(j.Instance))];
    }

    /// <summary>A tenant's job, if it is open.</summary>
    public async Task<OpenJob?> FindOpenAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<OpenJob>(Sql.Command(
            """
            select id, kind, tenant_id, tenant_code, undo_attempts from control.jobs
            where id = @id and finished_at is null and tenant_id is not null
            """,
            new { id }, cancellationToken));
    }

    /// <summary>Counts that one is undone now, in the caller's transaction; false if it has ended meanwhile, or another was faster.</summary>
    public static async Task<bool> CountUndoAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, OpenJob job, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(job);
        return await connection.ExecuteAsync(Sql.Command(
            "update control.jobs set undo_attempts = undo_attempts + 1 where id = @Id and finished_at is null and undo_attempts = @UndoAttempts",
            new { job.Id, job.UndoAttempts }, transaction, cancellationToken)) > 0;
    }
}
