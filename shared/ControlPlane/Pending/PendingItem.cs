namespace Bibind.ControlPlane.Pending;

/// <summary>Something that a living tenant still lacks.</summary>
public sealed record PendingItem
{
    public long TenantId { get; init; }
    public string TenantCode { get; init; } = string.Empty;

    /// <summary>One of <see cref="Contracts.PendingKinds"/>.</summary>
    public string Kind { get; init; } = string.Empty;
    public DateTimeOffset Since { get; init; }

    /// <summary>Why it could not be done, as the last attempt found it.</summary>
    public string Reason { get; init; } = string.Empty;

    /// <summary>How often it was tried since it became pending.</summary>
    public int Attempts { get; init; }
    public DateTimeOffset? LastAttempt { get; init; }
    public DateTimeOffset NextAttempt { get; init; }
}
