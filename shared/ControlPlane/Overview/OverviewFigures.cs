namespace Bibind.ControlPlane.Overview;

/// <summary>How an installation stands.</summary>
public sealed record OverviewFigures
{
    public DateTimeOffset At { get; init; }

    /// <summary>Living tenants by state; failed and terminated ones of the last day.</summary>
    public IReadOnlyDictionary<string, long> Tenants { get; init; } = new Dictionary<string, long>();

    /// <summary>Jobs that ended in the last day.</summary>
    public IReadOnlyList<HourOfJobs> Hours { get; init; } = [];
    public OpenJobs Jobs { get; init; } = new();
    public IReadOnlyList<ServerFigures> Servers { get; init; } = [];
    public CertificateFigures Certificates { get; init; } = new();

    /// <summary>Those that end soon or could not be renewed, the most urgent first; ten at most.</summary>
    public IReadOnlyList<EndingCertificate> NextCertificates { get; init; } = [];

    /// <summary>Tenants without a recent backup.</summary>
    public long BackupsMissing { get; init; }

    /// <summary>Billing's messages that wait or are parked, and those of the last day that were refused.</summary>
    public IReadOnlyDictionary<string, long> Billing { get; init; } = new Dictionary<string, long>();

    /// <summary>What tenants still lack, by kind.</summary>
    public IReadOnlyDictionary<string, long> Pending { get; init; } = new Dictionary<string, long>();
}

/// <summary>Jobs that ended in one hour.</summary>
public sealed record HourOfJobs
{
    public DateTimeOffset Hour { get; init; }
    public int Succeeded { get; init; }
    public int Failed { get; init; }
    public int Cancelled { get; init; }
}

/// <summary>Jobs that have not ended.</summary>
public sealed record OpenJobs
{
    public long Open { get; init; }
    public DateTimeOffset? OldestAt { get; init; }
}

/// <summary>A server and how full it is.</summary>
public sealed record ServerFigures
{
    public string Code { get; init; } = string.Empty;
    public string State { get; init; } = string.Empty;
    public string Health { get; init; } = string.Empty;
    public string? HealthReason { get; init; }
    public bool Draining { get; init; }
    public int Tenants { get; init; }
    public int MaxTenants { get; init; }
}

/// <summary>How certificates stand.</summary>
public sealed record CertificateFigures
{
    /// <summary>Those that end within three weeks, when they should have been renewed.</summary>
    public long EndingSoon { get; init; }

    /// <summary>Those that could not be renewed at the last try.</summary>
    public long Failing { get; init; }
    public DateTimeOffset? FirstEndsAt { get; init; }
}

/// <summary>A certificate that needs a look.</summary>
public sealed record EndingCertificate
{
    public string Host { get; init; } = string.Empty;
    public string? Tenant { get; init; }
    public DateTimeOffset NotAfter { get; init; }
    public int Failures { get; init; }
    public string? LastFailure { get; init; }
}
