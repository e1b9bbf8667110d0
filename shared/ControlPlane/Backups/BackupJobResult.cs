namespace Bibind.ControlPlane.Backups;

/// <summary>What became of the wish for a backup, a restore or a trial.</summary>
public abstract record BackupJobResult;

/// <summary>The job is open; the orchestration <paramref name="JobId"/> is the caller's to start in the same transaction.</summary>
/// <param name="TenantState">The tenant's state now.</param>
/// <param name="WasSuspended">True if the tenant was suspended before.</param>
public sealed record BackupJobOpened(long TenantId, string Code, string JobId, string TenantState, bool WasSuspended = false) : BackupJobResult;

/// <summary>A restore that failed.</summary>
public sealed record FailedRestoreJob
{
    public string Id { get; init; } = string.Empty;

    /// <summary>The backup that was to be brought back.</summary>
    public string BackupId { get; init; } = string.Empty;
}

/// <summary>Nothing was written.</summary>
/// <param name="Message">Why, and what would help.</param>
public sealed record BackupJobRefused(BackupJobRefusalKind Kind, string Message) : BackupJobResult;

/// <summary>Why a job was not opened.</summary>
public enum BackupJobRefusalKind
{
    /// <summary>There is no such tenant or backup.</summary>
    NotFound,

    /// <summary>The tenant's state does not allow it, and waiting does not help.</summary>
    TenantNotActive,

    /// <summary>Another job is in the way.</summary>
    JobRunning,
}
