using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Servers;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Moves;

/// <summary>Drains of servers: which tenants are still to be moved off, and which could not be.</summary>
public sealed class DrainStore(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Opens the job that moves a draining server's tenants elsewhere, in the caller's transaction.</summary>
    /// <returns>The order; or why not.</returns>
    public async Task<(DrainServerOrder? Order, MoveResult? Refused)> OpenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string serverCode, int atOnce, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        if (await ServerRows.LockAsync(connection, transaction, serverCode, cancellationToken) is not { } server)
        {
            return (null, new MoveResult.NotFound("There is no server with this code; GET /api/servers lists them."));
        }

        if (!server.Draining)
        {
            return (null, new MoveResult.WrongState($"Server '{serverCode}' takes new tenants: drain it first (POST /api/servers/{serverCode}/drain), or the room is filled again."));
        }

        if (await connection.QuerySingleOrDefaultAsync<string>(Sql.Command(
            "select job_id from control.server_drains where server_id = @Id and ended_at is null", new { server.Id }, transaction, cancellationToken)) is { } running)
        {
            return (null, new MoveResult.JobRunning($"Job '{running}' moves the tenants of server '{serverCode}' already."));
        }

        var before = await connection.ExecuteScalarAsync<int>(Sql.Command(
            "select count(*)::int from control.server_drains where server_id = @Id", new { server.Id }, transaction, cancellationToken));
        var jobId = FormattableString.Invariant($"{JobKinds.DrainServer}-{serverCode}-{server.Id}-{before + 1}");
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.DrainServer, Subject = serverCode, RequestedBy = who, Changing = false }, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "insert into control.server_drains (job_id, server_id, at_once, requested_by, requested_at) values (@jobId, @Id, @atOnce, @who, @Now)",
            new { jobId, server.Id, atOnce, who, Now = time.GetUtcNow() }, transaction, cancellationToken));
        return (new DrainServerOrder { ServerId = server.Id, JobId = jobId, Server = serverCode }, null);
    }

    /// <summary>How a drain stands.</summary>
    public async Task<DrainStanding> LookAsync(DrainServerOrder order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(order);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);

        // One that failed is not tried again by the same drain: the reason is on its job, and somebody has to look.
        return await connection.QuerySingleAsync<DrainStanding>(Sql.Command(
            """
            select s.draining, d.at_once, d.requested_by,
              (select count(*)::int from control.tenants t where t.server_id = s.id and t.state not in ('failed', 'terminated')) as left,
              (select count(*)::int from control.tenant_moves m where m.source_server_id = s.id and m.state = 'moving') as moving,
              (select count(*)::int from control.tenants t where t.server_id = s.id and t.state not in ('failed', 'terminated', 'active', 'suspended', 'moving')) as busy,
              array(
                select t.code from control.tenants t
                where t.server_id = s.id and t.state in ('active', 'suspended')
                  and not exists (
                    select from control.tenant_moves m where m.tenant_id = t.id and m.source_server_id = s.id
                      and (m.state = 'scheduled' or (m.state = 'failed' and m.requested_at >= d.requested_at)))
                order by t.id limit 200) as next,
              array(
                select t.code from control.tenant_moves m join control.tenants t on t.id = m.tenant_id
                where m.source_server_id = s.id and m.state = 'failed' and m.requested_at >= d.requested_at and t.server_id = s.id
                order by t.id limit 20) as failed
            from control.server_drains d join control.servers s on s.id = d.server_id
            where d.job_id = @JobId
            """,
            new { order.JobId }, cancellationToken));
    }

    /// <summary>Closes a drain and its job.</summary>
    public async Task EndAsync(DrainEnd end, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(end);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.server_drains set ended_at = coalesce(ended_at, @Now) where job_id = @JobId",
            new { end.Order.JobId, Now = time.GetUtcNow() }, transaction, cancellationToken));
        await jobs.FinishAsync(
            connection, transaction, end.Order.JobId,
            new JobEnd { Outcome = end.Round.Reason is null ? JobOutcomes.Succeeded : JobOutcomes.Failed, Reason = end.Round.Reason, Result = end.Round },
            cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

/// <summary>How a drain stands.</summary>
public sealed record DrainStanding
{
    /// <summary>False if somebody took the mark away: then nothing more is moved.</summary>
    public bool Draining { get; init; }
    public int AtOnce { get; init; }
    public string RequestedBy { get; init; } = string.Empty;

    /// <summary>Tenants that are still there.</summary>
    public int Left { get; init; }
    public int Moving { get; init; }

    /// <summary>Tenants that another job changes now.</summary>
    public int Busy { get; init; }

    /// <summary>Codes of those that can be moved next, in the order of their ids.</summary>
    public IReadOnlyList<string> Next { get; init; } = [];

    /// <summary>Codes of those that could not be moved.</summary>
    public IReadOnlyList<string> Failed { get; init; } = [];
}
