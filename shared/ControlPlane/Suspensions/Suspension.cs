using Bibind.Contracts;

namespace Bibind.ControlPlane.Suspensions;

/// <summary>A tenant that somebody suspended.</summary>
public sealed record Suspension
{
    public long TenantId { get; init; }

    /// <summary>One of <see cref="SuspensionCauses"/>.</summary>
    public string Cause { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;
    public string RequestedBy { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;
    public DateTimeOffset OrderedAt { get; init; }

    /// <summary>When everything was closed; null while the job is at it.</summary>
    public DateTimeOffset? SuspendedAt { get; init; }

    /// <summary>The job that is opening the tenant; null while it is to stay suspended.</summary>
    public string? LiftedBy { get; init; }

    /// <summary>Why the last attempt at opening it did not succeed.</summary>
    public string? Failure { get; init; }

    /// <summary>True if nothing may open the tenant.</summary>
    public bool IsInForce => LiftedBy is null;
}

/// <summary>Says which tenants are to stay suspended, to whatever could open one by the way.</summary>
public interface ISuspensions
{
    /// <summary>The tenant's suspension, or null.</summary>
    Task<Suspension?> FindAsync(long tenantId, CancellationToken cancellationToken);

    /// <summary>Does something to a tenant that is to stay suspended while no job can begin to open it; does nothing to any other.</summary>
    /// <returns>False if it is not to stay suspended.</returns>
    Task<bool> HoldAsync(long tenantId, Func<Task> work, CancellationToken cancellationToken);
}
