namespace Bibind.Activities.Backup.Archives;

/// <summary>The part of a manifest about the tenant's files: a tar archive, compressed and encrypted as the dump is.</summary>
public sealed record BackupFileStore
{
    /// <summary>Key of the archive.</summary>
    public required string Key { get; init; }

    /// <summary>Size of the archive as it is stored.</summary>
    public required long Bytes { get; init; }

    /// <summary>Lower-case hex of the SHA-256 of the archive as it is stored.</summary>
    public required string Sha256 { get; init; }

    /// <summary>How many files are in it.</summary>
    public required long Files { get; init; }

    /// <summary>Size of the files together.</summary>
    public required long FileBytes { get; init; }

    /// <summary>Files whose content was not what their name says; they are in it as they were.</summary>
    public required long Damaged { get; init; }

    /// <summary>Files that are not in it, because they have names that cannot be restored.</summary>
    public long LeftOut { get; init; }

    /// <summary>The first few of them.</summary>
    public IReadOnlyList<string> LeftOutNames { get; init; } = [];

    /// <summary>What is sealed into the archive: it opens only as this part of this backup of this tenant.</summary>
    internal static string BindingOf(long tenantId, string backupId) => $"{BackupManifest.BindingOf(tenantId, backupId)} part=filestore";
}
