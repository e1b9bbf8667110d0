using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>What somebody did to a job.</summary>
public sealed record JobAction
{
    public DateTimeOffset At { get; init; }
    public string Who { get; init; } = string.Empty;

    /// <summary>One of <see cref="JobActionKinds"/>.</summary>
    public string Action { get; init; } = string.Empty;
    public string? Reason { get; init; }
}

/// <summary>What can be done to a job.</summary>
public static class JobActionKinds
{
    public const string Retry = "retry";
    public const string Cancel = "cancel";
    public const string RunNow = "run-now";
    public const string FailNow = "fail-now";
    public const string Pause = "pause";
    public const string Resume = "resume";
    public const string Again = "again";

    /// <summary>Those that may be done to many jobs at once.</summary>
    public static IReadOnlyList<string> Bulk { get; } = [Retry, Cancel, Pause, Resume, RunNow, FailNow];
}

/// <summary>Who did what to which job, and why; written in the transaction that does it.</summary>
public sealed class JobActions(NpgsqlDataSource database, TimeProvider time)
{
    /// <summary>The job, locked in the caller's transaction; null if there is none.</summary>
    public static Task<Job?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return connection.QuerySingleOrDefaultAsync<Job>(Sql.Command("select * from control.jobs where id = @id for update", new { id }, transaction, cancellationToken));
    }

    /// <summary>True if somebody paused the job and nobody has resumed it since. The job is locked.</summary>
    public static async Task<bool> IsPausedAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        return await connection.QueryFirstOrDefaultAsync<string>(Sql.Command(
            "select action from control.job_actions where job_id = @id and action in ('pause', 'resume') order by id desc limit 1",
            new { id }, transaction, cancellationToken)) == JobActionKinds.Pause;
    }

    /// <summary>Marks a job as one that is to be undone and closed as cancelled, in the caller's transaction.</summary>
    public async Task MarkCancelledAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string id, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await connection.ExecuteAsync(Sql.Command(
            "update control.jobs set cancel_requested_at = coalesce(cancel_requested_at, @Now) where id = @id", new { id, Now = time.GetUtcNow() }, transaction, cancellationToken));
    }

    /// <summary>Links a job with the one that is its order again, in the caller's transaction. A console's record stands for the new one from then on.</summary>
    public static async Task LinkAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, string failed, string next, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.jobs set retried_by = @next where id = @failed;
            update control.jobs set retry_of = @failed where id = @next;
            update control.webhook_deliveries d set job_id = @next, tenant_id = j.tenant_id
            from control.jobs j where d.job_id = @failed and j.id = @next and j.tenant_id is not null;
            """,
            new { failed, next }, transaction, cancellationToken));
    }

    /// <summary>Records an action in the caller's transaction.</summary>
    public async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, string action, string who, string? reason, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        await connection.ExecuteAsync(Sql.Command(
            "insert into control.job_actions (job_id, action, who, reason, at) values (@jobId, @action, @who, @reason, @Now)",
            new { jobId, action, who, reason, Now = time.GetUtcNow() }, transaction, cancellationToken));
    }

    /// <summary>The newest two hundred of a job, oldest first.</summary>
    public async Task<IReadOnlyList<JobAction>> ListAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return
        [
            .. (await connection.QueryAsync<JobAction>(Sql.Command(
                "select at, who, action, reason from control.job_actions where job_id = @jobId order by id desc limit 200", new { jobId }, cancellationToken))).Reverse(),
        ];
    }
}
