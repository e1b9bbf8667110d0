using Bibind.ControlPlane.Servers;

namespace Bibind.Functions.Servers;

/// <summary>Settings <c>ServerHealth:*</c>.</summary>
public sealed class ServerHealthOptions
{
    public const string Section = "ServerHealth";

    /// <summary>False if no server is checked by itself.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often each server is checked; whole minutes count.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How soon a server is asked again that did not answer, or that is coming back.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long one server may take.</summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Servers that one machine asks at once.</summary>
    public int Concurrency { get; set; } = 500;

    /// <summary>Failed checks in a row that make a server offline.</summary>
    public int FailuresUntilOffline { get; set; } = 3;

    /// <summary>Checks in a row that a server must pass to come back.</summary>
    public int SuccessesUntilActive { get; set; } = 2;

    /// <summary>An answer that takes longer is slow.</summary>
    public TimeSpan SlowAnswer { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Free connections, in per cent of all, below which a server is warned of.</summary>
    public int MinimumFreeConnectionsPercent { get; set; } = 15;

    /// <summary>Used disk, in per cent, above which a server is warned of.</summary>
    public int MaximumDiskPercent { get; set; } = 90;

    /// <summary>A transaction that is open for longer is warned of: nothing that was deleted since can be cleaned up.</summary>
    public TimeSpan LongestTransaction { get; set; } = TimeSpan.FromHours(6);

    /// <summary>A standby that is further behind is warned of.</summary>
    public TimeSpan LongestReplicationLag { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long the results of checks are kept.</summary>
    public TimeSpan History { get; set; } = TimeSpan.FromDays(30);

    internal HealthThresholds Thresholds => new() { FailuresUntilOffline = FailuresUntilOffline, SuccessesUntilActive = SuccessesUntilActive };
}
