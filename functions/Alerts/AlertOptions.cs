namespace Bibind.Functions.Alerts;

/// <summary>Settings <c>Alerts:*</c>.</summary>
public sealed class AlertOptions
{
    public const string Section = "Alerts";

    /// <summary>False if nothing is looked for.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>Kinds that are not looked for.</summary>
    public IList<string> Off { get; } = [];

    /// <summary>How long a failed job is an alert, unless the same is done before.</summary>
    public TimeSpan FailedJobsFor { get; set; } = TimeSpan.FromDays(1);

    /// <summary>A certificate that ends sooner is an alert, whether or not its renewal failed.</summary>
    public TimeSpan CertificateEndsWithin { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long a message of billing may be parked.</summary>
    public TimeSpan ParkedBillingAfter { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long work that is due may wait for a worker.</summary>
    public TimeSpan QueueAge { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long poison messages or a queue's age last before people hear of them.</summary>
    public TimeSpan After { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long alerts are kept that are over.</summary>
    public TimeSpan History { get; set; } = TimeSpan.FromDays(90);

    /// <summary>True if <c>/status</c> is open to everybody.</summary>
    public bool StatusPage { get; set; }
}
