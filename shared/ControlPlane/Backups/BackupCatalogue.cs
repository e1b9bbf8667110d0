using Bibind.ControlPlane.Jobs;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>The list of backups in the control database.</summary>
public sealed class BackupCatalogue(NpgsqlDataSource database, JobOrchestrations orchestrations) : IBackupCatalogue
{
    // Nobody waits for a first one before a tenant is removed, and what it stores may come after what was deleted.
    private const string IsWanted =
        """
        exists (select from control.tenants t where t.id = @TenantId and t.state not in ('failed', 'terminated')
                  and not (t.state = 'terminating' and @Kind = 'first'))
        """;

    /// <inheritdoc/>
    public async Task<BackupRecord> RecordAsync(BackupRecord backup, string? insteadOf, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            $"""
            insert into control.backups as b (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at, files_bytes, files_sha256, notes)
            select @Id, @TenantId, @Kind, @Key, @ManifestKey, @Bytes, @Sha256, @CreatedAt, @FilesBytes, @FilesSha256, @Notes
            where {IsWanted}
            on conflict (id) do update set
              key = excluded.key, manifest_key = excluded.manifest_key, bytes = excluded.bytes, sha256 = excluded.sha256,
              created_at = excluded.created_at, files_bytes = excluded.files_bytes, files_sha256 = excluded.files_sha256, notes = excluded.notes
              where b.key = @insteadOf
            """,
            new
            {
                backup.Id,
                backup.TenantId,
                backup.Kind,
                backup.Key,
                backup.ManifestKey,
                backup.Bytes,
                backup.Sha256,
                backup.CreatedAt,
                backup.FilesBytes,
                backup.FilesSha256,
                Notes = backup.Notes.ToArray(),
                insteadOf,
            },
            cancellationToken));
        var row = await connection.QuerySingleOrDefaultAsync<Row>(Sql.Command("select * from control.backups where id = @Id", new { backup.Id }, cancellationToken));
        return row?.Shown() ?? throw new PermanentFailureException($"Tenant {backup.TenantId} has ended or is being removed: no such backup of it is kept any more.");
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BackupRecord>> ListAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return [.. (await connection.QueryAsync<Row>(Sql.Command(
            $"select b.*, {FormerStates.IsKept} as is_former_state from control.backups b where tenant_id = @tenantId order by created_at desc, id desc", new { tenantId }, cancellationToken)))
            .Select(r => r.Shown())];
    }

    /// <inheritdoc/>
    public async Task<bool> IsWantedAsync(long tenantId, string kind, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"select {IsWanted}", new { TenantId = tenantId, Kind = kind }, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<bool> IsFirstBeingTakenAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var open = (await connection.QueryAsync<string>(Sql.Command(
            "select id from control.jobs where tenant_id = @tenantId and kind = 'first-backup' and finished_at is null",
            new { tenantId }, cancellationToken))).AsList();
        return (await orchestrations.FindEndedAsync(open, cancellationToken)).Length < open.Count;
    }

    /// <inheritdoc/>
    public async Task DeleteAsync(string backupId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command("delete from control.backups where id = @backupId", new { backupId }, cancellationToken));
    }

    private sealed class Row
    {
        public string Id { get; init; } = string.Empty;
        public long TenantId { get; init; }
        public string Kind { get; init; } = string.Empty;
        public string Key { get; init; } = string.Empty;
        public string ManifestKey { get; init; } = string.Empty;
        public long Bytes { get; init; }
        public string Sha256 { get; init; } = string.Empty;
        public DateTimeOffset CreatedAt { get; init; }
        public long? FilesBytes { get; init; }
        public string? FilesSha256 { get; init; }
        public string[] Notes { get; init; } = [];
        public bool IsFormerState { get; init; }

        public BackupRecord Shown() => new(Id, TenantId, Kind, Key, ManifestKey, Bytes, Sha256, CreatedAt, FilesBytes, FilesSha256)
        {
            Notes = Notes.Length == 0 ? [] : Notes,
            IsFormerState = IsFormerState,
        };
    }
}
