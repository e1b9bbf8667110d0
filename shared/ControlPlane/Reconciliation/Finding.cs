namespace Bibind.ControlPlane.Reconciliation;

/// <summary>A difference as one look saw it.</summary>
/// <param name="Kind">One of <see cref="FindingKinds"/>.</param>
/// <param name="Subject">Of what: a host name, a database, a bucket.</param>
/// <param name="Seen">What was seen, in words.</param>
public sealed record Observation(string Kind, string Subject, string Seen);

/// <summary>What one look at a tenant saw.</summary>
/// <param name="Observations">The differences.</param>
/// <param name="Unknown">The parts that could not be asked (<see cref="ReconciledParts"/>), with why.</param>
public sealed record TenantLook(IReadOnlyList<Observation> Observations, IReadOnlyDictionary<string, string> Unknown)
{
    /// <summary>True if everything was asked and nothing differs.</summary>
    public bool IsClean => Observations.Count == 0 && Unknown.Count == 0;
}

/// <summary>A difference on record.</summary>
public sealed record Finding
{
    public long Id { get; init; }
    public long TenantId { get; init; }

    /// <summary>The tenant's code.</summary>
    public string Tenant { get; init; } = string.Empty;

    /// <summary>One of <see cref="FindingKinds"/>.</summary>
    public string Kind { get; init; } = string.Empty;
    public string Subject { get; init; } = string.Empty;
    public string Seen { get; init; } = string.Empty;
    public DateTimeOffset FirstSeenAt { get; init; }
    public DateTimeOffset LastSeenAt { get; init; }

    /// <summary>When the tenant's newest job by the first look was ordered; null if it had none.</summary>
    public DateTimeOffset? JobAt { get; init; }

    /// <summary>When a second look saw it, too; null for a suspicion.</summary>
    public DateTimeOffset? ConfirmedAt { get; init; }
    public int RepairAttempts { get; init; }

    /// <summary>When it was repaired last.</summary>
    public DateTimeOffset? RepairedAt { get; init; }

    /// <summary>Why it was not repaired, in words; null if it was, or has not been tried.</summary>
    public string? Reason { get; init; }
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>How a finding stands.</summary>
public static class FindingStates
{
    public const string Open = "open";
    public const string Closed = "closed";

    /// <summary>Every state there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Open, Closed];
}

/// <summary>Which findings are wanted; null means any.</summary>
public sealed record FindingFilter
{
    public string? Tenant { get; init; }

    /// <summary>One of <see cref="FindingKinds.Names"/>.</summary>
    public string? Kind { get; init; }

    /// <summary>One of <see cref="FindingStates"/>.</summary>
    public string? State { get; init; }
}

/// <summary>How many findings of a kind are open.</summary>
/// <param name="Kind">One of <see cref="FindingKinds"/>.</param>
/// <param name="Open">How many.</param>
public sealed record FindingCount(string Kind, long Open);
