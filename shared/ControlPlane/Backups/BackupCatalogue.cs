using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>The list of backups in the control database.</summary>
public sealed class BackupCatalogue(NpgsqlDataSource database) : IBackupCatalogue
{
    /// <inheritdoc/>
    public async Task RecordAsync(BackupRecord backup, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(backup);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.backups (id, tenant_id, kind, key, manifest_key, bytes, sha256, created_at, files_bytes, files_sha256)
            values (@Id, @TenantId, @Kind, @Key, @ManifestKey, @Bytes, @Sha256, @CreatedAt, @FilesBytes, @FilesSha256)
            on conflict (id) do update set
              tenant_id = excluded.tenant_id, kind = excluded.kind, key = excluded.key, manifest_key = excluded.manifest_key,
              bytes = excluded.bytes, sha256 = excluded.sha256, created_at = excluded.created_at,
              files_bytes = excluded.files_bytes, files_sha256 = excluded.files_sha256
            """,
            backup, cancellationToken));
    }

    /// <inheritdoc/>
    public async Task<IReadOnlyList<BackupRecord>> ListAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return [.. (await connection.QueryAsync<Row>(Sql.Command(
            "select * from control.backups where tenant_id = @tenantId order by created_at desc, id desc", new { tenantId }, cancellationToken)))
            .Select(r => new BackupRecord(r.Id, r.TenantId, r.Kind, r.Key, r.ManifestKey, r.Bytes, r.Sha256, r.CreatedAt, r.FilesBytes, r.FilesSha256))];
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
    }
}
