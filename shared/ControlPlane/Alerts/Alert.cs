namespace Bibind.ControlPlane.Alerts;

/// <summary>What alerts are about.</summary>
public static class AlertKinds
{
    public const string JobFailed = "job-failed";
    public const string ServerOffline = "server-offline";
    public const string ServerWarning = "server-warning";
    public const string CertificateFailing = "certificate-failing";
    public const string BackupMissing = "backup-missing";
    public const string BillingParked = "billing-parked";
    public const string PoisonMessages = "poison-messages";
    public const string QueueAge = "queue-age";
    public const string OrchestrationQuarantined = "orchestration-quarantined";
    public const string SupportOverdue = "support-overdue";

    /// <summary>Every kind there is.</summary>
    public static IReadOnlyList<string> All { get; } =
        [JobFailed, ServerOffline, ServerWarning, CertificateFailing, BackupMissing, BillingParked, PoisonMessages, QueueAge, OrchestrationQuarantined, SupportOverdue];

    /// <summary>Those of which nobody is told otherwise: the causes of the others raise notices of their own.</summary>
    public static IReadOnlyList<string> Told { get; } = [ServerOffline, ServerWarning, BillingParked, PoisonMessages, QueueAge, OrchestrationQuarantined, SupportOverdue];
}

/// <summary>How bad it is.</summary>
public static class AlertSeverities
{
    /// <summary>Somebody looks at it today.</summary>
    public const string Warning = "warning";

    /// <summary>Customers notice, or soon will.</summary>
    public const string Critical = "critical";
}

/// <summary>Which alerts are wanted.</summary>
public static class AlertStates
{
    public const string Open = "open";
    public const string Closed = "closed";

    public static IReadOnlyList<string> All { get; } = [Open, Closed];
}

/// <summary>What a look found.</summary>
/// <param name="Subject">Tells one cause of the kind from another, such as a server's code.</param>
/// <param name="Severity">One of <see cref="AlertSeverities"/>.</param>
/// <param name="Reason">What is wrong, in words.</param>
public sealed record AlertCause(string Subject, string Severity, string Reason);

/// <summary>Something that is wrong, or was.</summary>
public sealed record Alert
{
    public long Id { get; init; }
    public string Kind { get; init; } = string.Empty;
    public string Subject { get; init; } = string.Empty;
    public string Severity { get; init; } = string.Empty;
    public string Reason { get; init; } = string.Empty;

    /// <summary>When it was seen first.</summary>
    public DateTimeOffset FirstSeenAt { get; init; }

    /// <summary>When it was seen last.</summary>
    public DateTimeOffset SeenAt { get; init; }

    /// <summary>When it had lasted long enough for people to hear of it.</summary>
    public DateTimeOffset RaisedAt { get; init; }

    /// <summary>When it was over; null while it is open.</summary>
    public DateTimeOffset? ClosedAt { get; init; }
}

/// <summary>Open alerts of a kind.</summary>
public sealed record AlertCount(string Kind, string Severity, long Alerts);

/// <summary>What a look changed.</summary>
/// <param name="Raised">Those that people hear of now.</param>
/// <param name="Closed">Subjects of those that are over.</param>
public sealed record AlertChanges(IReadOnlyList<AlertCause> Raised, IReadOnlyList<string> Closed)
{
    public static AlertChanges None { get; } = new([], []);
}
