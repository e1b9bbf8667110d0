using Bibind.Contracts;

namespace Bibind.ControlPlane.Tenants;

/// <summary>What became of the wish to remove a tenant.</summary>
public abstract record TerminationResult;

/// <summary>The tenant is terminating and its job is open; the orchestration <paramref name="JobId"/> is the caller's to start in the same transaction.</summary>
public sealed record Termination(long TenantId, string Code, string JobId) : TerminationResult
{
    /// <summary>The input of the orchestration.</summary>
    public DestroyTenantOrder Order(bool finalBackup) => new() { TenantId = TenantId, JobId = JobId, Code = Code, FinalBackup = finalBackup };
}

/// <summary>The tenant stays as it is.</summary>
/// <param name="Message">Why, and what would help.</param>
/// <param name="JobId">The job that is in the way, if one is.</param>
public sealed record TerminationRefused(TerminationRefusalKind Kind, string Message, string? JobId = null) : TerminationResult;

/// <summary>Why a tenant is not being removed.</summary>
public enum TerminationRefusalKind
{
    /// <summary>No tenant ever had the code.</summary>
    NotFound,

    /// <summary>It was removed before.</summary>
    AlreadyTerminated,

    /// <summary>It failed, and its undo left nothing to remove.</summary>
    NothingLeft,

    /// <summary>It is still being provisioned.</summary>
    Provisioning,

    /// <summary>A job that changes it is open; there is at most one at a time.</summary>
    JobRunning,

    /// <summary>It failed and left something, but a new tenant has its code, host or database now.</summary>
    NamesTakenAgain,
}
