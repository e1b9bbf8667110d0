using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Jobs;

/// <summary>The call of the API that ordered a job.</summary>
public sealed record JobOrder
{
    /// <summary>Method and path.</summary>
    public string Operation { get; init; } = string.Empty;

    /// <summary>JSON text of the command; null if the call takes none.</summary>
    public string? Command { get; init; }
}

/// <summary>What ordered each job, so that the same can be ordered again; written in the transaction of the order.</summary>
public sealed class JobOrders(NpgsqlDataSource database)
{
    /// <summary>Keeps the order of a job in the caller's transaction; what is no job, or has its order already, is left as it is.</summary>
    public static async Task RecordAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string jobId, JobOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(order);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.job_orders (job_id, operation, command)
            select id, @Operation, cast(@Command as jsonb) from control.jobs where id = @jobId
            on conflict do nothing
            """,
            new { jobId, order.Operation, order.Command }, transaction, cancellationToken));
    }

    /// <summary>The order of a job, or null if nobody ordered it by the API.</summary>
    public async Task<JobOrder?> FindAsync(string jobId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<JobOrder>(Sql.Command(
            "select operation, command::text as command from control.job_orders where job_id = @jobId", new { jobId }, cancellationToken));
    }
}
