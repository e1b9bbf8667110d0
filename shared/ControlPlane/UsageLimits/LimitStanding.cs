namespace Bibind.ControlPlane.UsageLimits;

/// <summary>What is limited.</summary>
public static class LimitedResources
{
    /// <summary>Internal users that are active.</summary>
    public const string Users = "users";

    /// <summary>Database, file store and bucket together, in bytes.</summary>
    public const string Storage = "storage";
}

/// <summary>What is done when a tenant still uses more than its limit after its plan's grace.</summary>
public enum LimitAction
{
    /// <summary>People are told, and nothing else happens.</summary>
    None,

    /// <summary>The tenant is suspended until it is under its limits again, or an operator opens it.</summary>
    Suspend,
}

/// <summary>How limits are watched.</summary>
/// <param name="Period">How often each tenant is looked at.</param>
/// <param name="MaxAge">What was measured longer ago raises nothing and suspends nobody.</param>
/// <param name="Action">What is done after the grace.</param>
public sealed record LimitTerms(TimeSpan Period, TimeSpan MaxAge, LimitAction Action);

/// <summary>How a tenant stands towards one of its limits.</summary>
public sealed record LimitStanding
{
    public long TenantId { get; init; }
    public string Code { get; init; } = string.Empty;

    /// <summary>The tenant's.</summary>
    public string State { get; init; } = string.Empty;

    /// <summary>One of <see cref="LimitedResources"/>.</summary>
    public string Resource { get; init; } = string.Empty;

    /// <summary>As measured last; null if it never was.</summary>
    public long? Used { get; init; }

    /// <summary>Its own limit, else its plan's; null: unlimited.</summary>
    public long? Allowed { get; init; }

    /// <summary>The plan's.</summary>
    public int GraceDays { get; init; }

    /// <summary>The threshold that was told last, in per cent: 0, 80 or 100.</summary>
    public int Reached { get; init; }

    /// <summary>Since when it uses more than its limit.</summary>
    public DateTimeOffset? OverSince { get; init; }

    /// <summary>When its customer was told that this leads to a suspension.</summary>
    public DateTimeOffset? WarnedAt { get; init; }

    /// <summary>True if all of it was measured lately.</summary>
    public bool IsCurrent { get; init; }
}

/// <summary>A tenant that is suspended, or opened, because of what it uses.</summary>
/// <param name="TenantId">Whose.</param>
/// <param name="Code">Its code.</param>
public sealed record LimitedTenant(long TenantId, string Code);

/// <summary>How many tenants have reached a threshold of a limit.</summary>
public sealed record LimitCount
{
    public string Resource { get; init; } = string.Empty;
    public int Reached { get; init; }
    public int Tenants { get; init; }

    /// <summary>Those of them that use more than they may.</summary>
    public int Over { get; init; }
}
