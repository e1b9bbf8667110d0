namespace Bibind.ControlPlane.Usage;

/// <summary>What was measured of a tenant; null where it could not be.</summary>
public sealed record UsageMeasures
{
    /// <summary>Internal users that are active.</summary>
    public int? Users { get; init; }
    public long? DatabaseBytes { get; init; }
    public long? FileStoreBytes { get; init; }
    public long? BucketBytes { get; init; }

    /// <summary>Why a part could not be measured, in words; null if all were.</summary>
    public string? Reason { get; init; }

    /// <summary>True if nothing at all was measured.</summary>
    public bool IsEmpty => Users is null && DatabaseBytes is null && FileStoreBytes is null && BucketBytes is null;
}

/// <summary>What a tenant uses, as it was measured last, beside what it was sold.</summary>
public sealed record TenantUsage
{
    public string Tenant { get; init; } = string.Empty;
    public string Server { get; init; } = string.Empty;
    public string Plan { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;

    /// <summary>When it was measured last; null if it never was.</summary>
    public DateTimeOffset? MeasuredAt { get; init; }
    public int? Users { get; init; }

    /// <summary>Its own limit, else that of the version of the plan that it was sold; null for no limit.</summary>
    public int? UserLimit { get; init; }
    public long? DatabaseBytes { get; init; }
    public long? FileStoreBytes { get; init; }
    public long? BucketBytes { get; init; }

    /// <summary>File store and bucket together.</summary>
    public long StorageBytes { get; init; }

    /// <summary>Database, file store and bucket together.</summary>
    public long TotalBytes { get; init; }

    /// <summary>Its own limit, else that of the version of the plan that it was sold; null for no limit.</summary>
    public long? StorageQuotaBytes { get; init; }

    /// <summary>When the last try failed, wholly or in part; null if it did not.</summary>
    public DateTimeOffset? FailedAt { get; init; }

    /// <summary>Why; what could not be measured has its last value.</summary>
    public string? Reason { get; init; }
}

/// <summary>One row of a tenant's history.</summary>
public sealed record UsagePoint
{
    /// <summary>The beginning of the hour or day, UTC.</summary>
    public DateTimeOffset At { get; init; }

    /// <summary><c>hour</c>: the last values of an hour; <c>day</c>: the highest of a day.</summary>
    public string Period { get; init; } = string.Empty;
    public int? Users { get; init; }
    public long? DatabaseBytes { get; init; }
    public long? FileStoreBytes { get; init; }
    public long? BucketBytes { get; init; }
}

/// <summary>What one tenant used on one day: the highest values of the day.</summary>
public sealed record UsageDay
{
    public string Tenant { get; init; } = string.Empty;

    /// <summary>Tells tenants of before apart that had the same code.</summary>
    public long TenantId { get; init; }
    public string Plan { get; init; } = string.Empty;
    public int PlanVersion { get; init; }

    /// <summary>UTC.</summary>
    public DateOnly Day { get; init; }
    public int? Users { get; init; }
    public long? DatabaseBytes { get; init; }
    public long? FileStoreBytes { get; init; }
    public long? BucketBytes { get; init; }
}

/// <summary>What the tenants of one plan on one server use together.</summary>
public sealed record UsageTotal
{
    public string Server { get; init; } = string.Empty;
    public string Plan { get; init; } = string.Empty;
    public int Tenants { get; init; }

    /// <summary>Tenants of which the last try failed, wholly or in part.</summary>
    public int Failing { get; init; }
    public long Users { get; init; }
    public long DatabaseBytes { get; init; }
    public long StorageBytes { get; init; }
}

/// <summary>Which tenants' usage is wanted, and in which order; what is null leaves all.</summary>
public sealed record UsageFilter
{
    public string? Server { get; init; }
    public string? Plan { get; init; }
    public string? Customer { get; init; }

    /// <summary>One of <see cref="UsageSorts"/>.</summary>
    public string Sort { get; init; } = UsageSorts.Size;
}

/// <summary>How usage is sorted.</summary>
public static class UsageSorts
{
    /// <summary>The largest first, database and files together.</summary>
    public const string Size = "size";

    /// <summary>Those with the most users first.</summary>
    public const string Users = "users";

    /// <summary>By the tenants' codes.</summary>
    public const string Tenant = "tenant";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Size, Users, Tenant];
}

/// <summary>A server whose tenants one machine measures at this moment.</summary>
public sealed record ClaimedServer(long ServerId, Guid Claim);
