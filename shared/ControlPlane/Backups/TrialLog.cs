using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>Knows which trials of backups there were, and which run.</summary>
public sealed class TrialLog(NpgsqlDataSource database, JobOrchestrations orchestrations)
{
    /// <summary>Backups that were tried out here and that no trial is at now.</summary>
    public async Task<IReadOnlyList<BackupRef>> ListEndedAsync(CancellationToken cancellationToken) => await ReadAsync(null, cancellationToken);

    /// <summary>True if no trial of this backup runs.</summary>
    public async Task<bool> IsEndedAsync(BackupRef backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        return (await ReadAsync(backup, cancellationToken)).Count > 0;
    }

    // A job that was ended from outside stays open for ever: the engine knows whether it goes on.
    private async Task<List<BackupRef>> ReadAsync(BackupRef? one, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var open = await connection.QueryAsync<string>(Sql.Command(
            """
            select id from control.jobs
            where kind = 'verify-backup' and finished_at is null and tenant_id is not null
              and (@BackupId::text is null or (subject = @BackupId and tenant_id = @TenantId))
            """,
            new { one?.BackupId, one?.TenantId }, cancellationToken));
        var ended = await orchestrations.FindEndedAsync(open.AsList(), cancellationToken);
        var rows = await connection.QueryAsync<(long TenantId, string Subject)>(Sql.Command(
            """
            select j.tenant_id, j.subject from control.jobs j
            where j.kind = 'verify-backup' and j.tenant_id is not null and (@BackupId::text is null or (j.subject = @BackupId and j.tenant_id = @TenantId))
            group by j.tenant_id, j.subject
            having not bool_or(j.finished_at is null and j.id <> all(@ended))
            """,
            new { one?.BackupId, one?.TenantId, ended }, cancellationToken));
        return [.. rows.Select(r => new BackupRef(r.TenantId, r.Subject))];
    }
}
