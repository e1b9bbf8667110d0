namespace Bibind.ControlPlane.Backups;

/// <summary>One stored copy of a tenant, as the control database knows it.</summary>
/// <param name="Id">Its id, derived from the job, so that a repeated step finds the same one.</param>
/// <param name="TenantId">The tenant.</param>
/// <param name="Kind"><c>first</c>, <c>final</c>, <c>manual</c> or <c>scheduled</c>.</param>
/// <param name="Key">Key of the dump in the object store.</param>
/// <param name="ManifestKey">Key of the manifest.</param>
/// <param name="Bytes">Size of the dump.</param>
/// <param name="Sha256">Lower-case hex.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="FilesBytes">Size of the archive of the tenant's files; null for a backup without them.</param>
/// <param name="FilesSha256">Lower-case hex of that archive.</param>
public sealed record BackupRecord(
    string Id, long TenantId, string Kind, string Key, string ManifestKey, long Bytes, string Sha256, DateTimeOffset CreatedAt,
    long? FilesBytes = null, string? FilesSha256 = null)
{
    /// <summary>What of the tenant does not come back with it, in words.</summary>
    public IReadOnlyList<string> Notes { get; init; } = [];

    /// <summary>True while it is kept whatever the plan says, because it is what the tenant was before a change that nobody has confirmed.</summary>
    public bool IsFormerState { get; init; }
}

/// <summary>The list of backups.</summary>
public interface IBackupCatalogue
{
    /// <summary>Adds a backup. Of several with one id the first counts: what two attempts of a step store at once is decided here.</summary>
    /// <param name="backup">The backup.</param>
    /// <param name="insteadOf">Key of a dump that is gone: the backup takes the place of its row.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    /// <returns>The one that counts.</returns>
    Task<BackupRecord> RecordAsync(BackupRecord backup, string? insteadOf, CancellationToken cancellationToken);

    /// <summary>A tenant's backups, newest first.</summary>
    Task<IReadOnlyList<BackupRecord>> ListAsync(long tenantId, CancellationToken cancellationToken);

    /// <summary>False if a backup of this kind would not be recorded: the tenant has ended, or is being removed.</summary>
    Task<bool> IsWantedAsync(long tenantId, string kind, CancellationToken cancellationToken) => Task.FromResult(true);

    /// <summary>True if a first backup of the tenant is being taken: what it stores comes after whatever is deleted now.</summary>
    Task<bool> IsFirstBeingTakenAsync(long tenantId, CancellationToken cancellationToken) => Task.FromResult(false);

    /// <summary>Forgets a backup; its objects are deleted before.</summary>
    Task DeleteAsync(string backupId, CancellationToken cancellationToken);
}
