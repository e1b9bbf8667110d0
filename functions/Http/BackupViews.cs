using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using Bibind.ControlPlane.Backups;

namespace Bibind.Functions.Http;

/// <summary>Which tenant is meant to be restored: the one that the backup was taken of unless a new one is described.</summary>
public sealed record RestoreBackup
{
    /// <summary>Code of the tenant that the backup was taken of, for whoever wants to be sure; no other can be given.</summary>
    [DisallowNull]
    public string? Tenant { get; init; }

    /// <summary>A tenant that does not exist yet and that the backup becomes; the one that it was taken of is not touched.</summary>
    [DisallowNull]
    public NewTenantOfBackup? NewTenant { get; init; }
}

/// <summary>A tenant to make of a backup; offer, plan and everything else are as of the one that it was taken of.</summary>
public sealed record NewTenantOfBackup
{
    public required string Code { get; init; }

    /// <summary>As the control plane shows it; the other's unless given.</summary>
    public string? Name { get; init; }

    /// <summary>Told how the job ended.</summary>
    public string? CallbackUrl { get; init; }
}

/// <summary>A backup as people see it.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Tenant">Code of the tenant that it was taken of.</param>
/// <param name="Kind"><c>first</c>, <c>final</c>, <c>manual</c>, <c>scheduled</c>, <c>upgrade</c> (what a tenant was before one), or, while a job needs it, <c>move</c> or <c>rehearsal</c>.</param>
/// <param name="CreatedAt">UTC.</param>
/// <param name="Bytes">Size of the stored object.</param>
/// <param name="Sha256">Lower-case hex of the SHA-256 of the stored object.</param>
/// <param name="FileStore">The object with the tenant's files, which lies beside it; null for a backup without them.</param>
/// <param name="VerifiedAt">When it was last tried out with success, UTC.</param>
/// <param name="Receipt">What that trial found.</param>
/// <param name="TriedAt">When it was last tried out, with success or without, UTC.</param>
/// <param name="TrialFailure">Why the last trial failed; null if it did not.</param>
/// <param name="Notes">What of the tenant does not come back with it, in words.</param>
/// <param name="KeptUntil">Until when it is kept whatever the plan says, for it is what the tenant was before a restore or a change of modules; null if it is not, or was confirmed.</param>
public sealed record BackupView(
    string Id, string Tenant, string Kind, DateTimeOffset CreatedAt, long Bytes, string Sha256, StoredFilesView? FileStore,
    DateTimeOffset? VerifiedAt, JsonElement? Receipt, DateTimeOffset? TriedAt, string? TrialFailure, IReadOnlyList<string> Notes,
    DateTimeOffset? KeptUntil)
{
    /// <summary>From a row.</summary>
    public static BackupView Of(StoredBackup backup)
    {
        ArgumentNullException.ThrowIfNull(backup);
        return new BackupView(
            backup.Id, backup.TenantCode, backup.Kind, backup.CreatedAt, backup.Bytes, backup.Sha256,
            backup is { FilesBytes: { } bytes, FilesSha256: { } sha256 } ? new StoredFilesView(bytes, sha256) : null, backup.VerifiedAt,
            backup.Receipt is null ? null : JsonElement.Parse(backup.Receipt), backup.TriedAt, backup.TrialFailure, backup.Notes,
            backup.KeptUntil);
    }
}

/// <summary>A stored object with a tenant's files.</summary>
/// <param name="Bytes">Its size.</param>
/// <param name="Sha256">Lower-case hex of its SHA-256.</param>
public sealed record StoredFilesView(long Bytes, string Sha256);

/// <summary>Where an encrypted backup can be downloaded for a while, by anybody who has the address.</summary>
/// <param name="Id">The backup.</param>
/// <param name="Part">Which of its objects: <c>database</c> or <c>filestore</c>.</param>
/// <param name="Url">The address.</param>
/// <param name="ExpiresAt">Until when, UTC.</param>
/// <param name="Bytes">Size of the object.</param>
/// <param name="Sha256">Lower-case hex of its SHA-256.</param>
public sealed record BackupLink(string Id, string Part, Uri Url, DateTimeOffset ExpiresAt, long Bytes, string Sha256);

/// <summary>A tenant that lacks a recent backup.</summary>
/// <param name="Tenant">Its code.</param>
/// <param name="Server">Where it lives.</param>
/// <param name="Plan">Its plan.</param>
/// <param name="Schedule">The plan's: <c>daily</c> or <c>weekly</c>.</param>
/// <param name="State">The tenant's.</param>
/// <param name="LastBackupAt">When its newest good backup was taken; null if it has none. One whose last trial failed is not good.</param>
/// <param name="ExpectedBy">When the next one should have been there.</param>
/// <param name="Since">When it was found to be missing.</param>
/// <param name="Reason">What became of the last attempt, in words.</param>
public sealed record MissingBackupView(
    string Tenant, string Server, string Plan, string Schedule, string State, DateTimeOffset? LastBackupAt, DateTimeOffset ExpectedBy, DateTimeOffset Since, string Reason)
{
    /// <summary>From a row.</summary>
    public static MissingBackupView Of(MissingBackup missing)
    {
        ArgumentNullException.ThrowIfNull(missing);
        return new MissingBackupView(
            missing.Tenant, missing.Server, missing.Plan, missing.Schedule, missing.State, missing.LastAt, missing.ExpectedBy, missing.Since, missing.Reason);
    }
}

/// <summary>A trial of a backup: it was restored into a database of its own, and what is in it was counted.</summary>
/// <param name="Job">The job that does or did it.</param>
/// <param name="Tenant">Code of the tenant that the backup was taken of.</param>
/// <param name="Backup">The backup, which may have been deleted since.</param>
/// <param name="RequestedBy">Who ordered it; <c>trials</c>: it was its turn.</param>
/// <param name="StartedAt">UTC.</param>
/// <param name="EndedAt">UTC; null while it runs.</param>
/// <param name="Outcome"><c>succeeded</c> or <c>failed</c>; null while it runs.</param>
/// <param name="Reason">Why it failed.</param>
/// <param name="Receipt">What it found.</param>
public sealed record BackupTrialView(
    string Job, string? Tenant, string Backup, string RequestedBy, DateTimeOffset StartedAt, DateTimeOffset? EndedAt, string? Outcome, string? Reason, JsonElement? Receipt)
{
    /// <summary>From a row.</summary>
    public static BackupTrialView Of(BackupTrial trial)
    {
        ArgumentNullException.ThrowIfNull(trial);
        return new BackupTrialView(
            trial.Job, trial.Tenant, trial.Backup, trial.RequestedBy, trial.StartedAt, trial.EndedAt, trial.Outcome, trial.Reason is { } reason ? JobSteps.Cut(reason) : null,
            trial.Receipt is null ? null : JsonElement.Parse(trial.Receipt));
    }
}
