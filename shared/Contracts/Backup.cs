using Bibind.Durable;

namespace Bibind.Contracts;

/// <summary>Backups of a tenant.</summary>
public static class Backup
{
    public static readonly ActivityDefinition<BackupRequest, BackupTaken> Take = new("backup.take", Policies.Act);

    /// <summary>Says whether a backup can take the place of its tenant's database, before anything is changed: a refusal is a failure.</summary>
    public static readonly ActivityDefinition<RestoreRequest, Unit> CheckRestore = new("backup.check_restore", Policies.Act);

    /// <summary>Restores into a database beside the tenant's, which gets the name only when it is complete.</summary>
    public static readonly ActivityDefinition<RestoreRequest, RestoredDatabase> Restore = new("backup.restore", Policies.Act);

    /// <summary>Restores into a database that is dropped again, and says what was in it.</summary>
    public static readonly ActivityDefinition<VerifyRequest, BackupReceipt> Verify = new("backup.verify", Policies.Act);

    /// <summary>Drops the databases that trials of ours left when they died; answers how many.</summary>
    public static readonly ActivityDefinition<Unit, int> SweepTrials = new("backup.sweep_trials", Policies.Round);

    /// <summary>Deletes one backup, objects and row.</summary>
    public static readonly ActivityDefinition<BackupRef, Unit> DeleteOne = new("backup.delete_one", Policies.Undo);

    /// <summary>Deletes every backup of the tenant, objects and rows, and the key that they were encrypted with.</summary>
    public static readonly ActivityDefinition<TenantDescriptor, Unit> DeleteAll = new("backup.delete_all", Policies.Undo);
}

/// <summary>A backup to take.</summary>
/// <param name="Place">The tenant.</param>
/// <param name="Kind"><c>first</c>, <c>final</c>, <c>manual</c> or <c>scheduled</c>.</param>
public sealed record BackupRequest(TenantDescriptor Place, string Kind);

/// <summary>A stored, restorable copy.</summary>
/// <param name="Key">The key of the dump in the object store.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hex of its SHA-256.</param>
public sealed record BackupTaken(string Key, long Bytes, string Sha256)
{
    /// <summary>What of the tenant does not come back with it, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>One backup of one tenant.</summary>
/// <param name="TenantId">The tenant that it was taken of.</param>
/// <param name="BackupId">Its id in the list of backups.</param>
public sealed record BackupRef(long TenantId, string BackupId)
{
    /// <summary>The id of the backup of a kind that a job takes, the same for every attempt.</summary>
    public static string IdOf(string jobId, string kind) => $"{jobId}-{kind}";
}

/// <summary>A backup to bring back.</summary>
/// <param name="Place">The tenant that gets it: the one it was taken of, or a new one.</param>
/// <param name="Backup">The backup.</param>
/// <param name="Replace">True puts it in the place of the tenant's database; false is for a tenant that has none yet.</param>
public sealed record RestoreRequest(TenantDescriptor Place, BackupRef Backup, bool Replace)
{
    /// <summary>True if the files that go with it are there already and stay as they are.</summary>
    public bool KeepsFiles { get; init; }

    /// <summary>True if what waited to go out when the backup was taken did not go out since, and is to.</summary>
    public bool KeepsQueue { get; init; }

    /// <summary>Set for a staging copy: what is masked in it. It is neutralised and masked before it takes the tenant's name.</summary>
    public IReadOnlyList<MaskingRule>? Staging { get; init; }
}

/// <summary>A database that was brought back; like a clone, it is held back until it is handed over.</summary>
/// <param name="Database">Its name.</param>
/// <param name="Bytes">Its size.</param>
/// <param name="Tables">How many tables it has.</param>
/// <param name="Note">What did not come back with it, in words.</param>
public sealed record RestoredDatabase(string Database, long Bytes, int Tables, string? Note = null);

/// <summary>A backup to try out.</summary>
/// <param name="Place">A tenant on the server that the trial runs on; its own database is not touched.</param>
/// <param name="Backup">The backup.</param>
public sealed record VerifyRequest(TenantDescriptor Place, BackupRef Backup);

/// <summary>Proof that a backup was restored, and what was in it.</summary>
public sealed record BackupReceipt
{
    public required string BackupId { get; init; }
    public required DateTimeOffset VerifiedAt { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the object as it is stored.</summary>
    public required string StoredSha256 { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the dump.</summary>
    public required string DumpSha256 { get; init; }
    public required long DumpBytes { get; init; }

    /// <summary>Tables of all schemas but PostgreSQL's own.</summary>
    public required int Tables { get; init; }

    /// <summary>Rows of the core tables, by table.</summary>
    public required IReadOnlyDictionary<string, long> Rows { get; init; }

    /// <summary>Major version of the server that it was restored on.</summary>
    public required int PostgresMajor { get; init; }

    /// <summary>What did not come back, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>What was in its file store; null if the backup has none.</summary>
    public FileStoreReceipt? FileStore { get; init; }
}

/// <summary>Proof that the files of a backup were read, and whether they are those that its database names.</summary>
public sealed record FileStoreReceipt
{
    /// <summary>Lower-case hex of the SHA-256 of the object as it is stored.</summary>
    public required string StoredSha256 { get; init; }
    public required long Files { get; init; }

    /// <summary>Size of the files together.</summary>
    public required long Bytes { get; init; }

    /// <summary>Files whose content was not what their name says when the backup was taken; they are in it as they were.</summary>
    public required long Damaged { get; init; }

    /// <summary>Files that the database names (<c>ir_attachment.store_fname</c>) and that are not in the backup.</summary>
    public required long Missing { get; init; }

    /// <summary>The first few of them.</summary>
    public IReadOnlyList<string> MissingNames { get; init; } = [];
}
