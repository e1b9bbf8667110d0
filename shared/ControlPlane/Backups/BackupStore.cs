using Bibind.Contracts;
using Bibind.Durable.Serialization;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Backups;

/// <summary>A backup as people ask for it.</summary>
public sealed record StoredBackup
{
    public string Id { get; init; } = string.Empty;
    public long TenantId { get; init; }
    public string TenantCode { get; init; } = string.Empty;

    /// <summary>One of <see cref="BackupKinds"/>.</summary>
    public string Kind { get; init; } = string.Empty;

    /// <summary>Size of the stored object.</summary>
    public long Bytes { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the stored object.</summary>
    public string Sha256 { get; init; } = string.Empty;
    public DateTimeOffset CreatedAt { get; init; }

    /// <summary>Size of the stored archive of the tenant's files; null for a backup without them.</summary>
    public long? FilesBytes { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of that archive.</summary>
    public string? FilesSha256 { get; init; }

    /// <summary>What of the tenant does not come back with it, in words.</summary>
    public string[] Notes { get; init; } = [];

    /// <summary>Until when it is kept whatever the plan says, as what the tenant was before a change; null if it is not, or was confirmed.</summary>
    public DateTimeOffset? KeptUntil { get; init; }

    /// <summary>When it was last tried out, with success or without; null if never.</summary>
    public DateTimeOffset? TriedAt { get; init; }

    /// <summary>Why the last trial failed; null if it did not.</summary>
    public string? TrialFailure { get; init; }

    /// <summary>When it was last tried out with success; null if never.</summary>
    public DateTimeOffset? VerifiedAt { get; init; }

    /// <summary>JSON text of a <see cref="BackupReceipt"/>.</summary>
    public string? Receipt { get; init; }

    /// <summary>What the last trial found, or null.</summary>
    public BackupReceipt? ReadReceipt() => HubDataConverter.Default.Deserialize<BackupReceipt>(Receipt);
}

/// <summary>Reads backups with what their trials found.</summary>
public sealed class BackupStore(NpgsqlDataSource database)
{
    private const string Select =
        $"""
        select b.id, b.tenant_id, t.code as tenant_code, b.kind, b.bytes, b.sha256, b.created_at, b.files_bytes, b.files_sha256, b.notes, b.verified_at, b.receipt, b.tried_at, b.trial_failure,
               case when {FormerStates.IsKept} then b.kept_until end as kept_until
        from control.backups b join control.tenants t on t.id = b.tenant_id
        """;

    /// <summary>A tenant's backups, newest first.</summary>
    public async Task<IReadOnlyList<StoredBackup>> ListAsync(long tenantId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<StoredBackup>(Sql.Command(
            $"{Select} where b.tenant_id = @tenantId order by b.created_at desc, b.id desc", new { tenantId }, cancellationToken))).AsList();
    }

    /// <summary>The backup, or null.</summary>
    public async Task<StoredBackup?> FindAsync(string id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<StoredBackup>(Sql.Command($"{Select} where b.id = @id", new { id }, cancellationToken));
    }
}
