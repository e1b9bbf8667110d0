namespace Bibind.Functions.Usage;

/// <summary>Settings <c>Usage:*</c>.</summary>
public sealed class UsageOptions
{
    public const string Section = "Usage";

    /// <summary>False if nothing is measured by itself.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often each tenant is measured; whole minutes count.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromHours(1);

    /// <summary>How soon a tenant is tried again of which something could not be measured.</summary>
    public TimeSpan RetryInterval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>How long one part of one tenant may take.</summary>
    public TimeSpan Limit { get; set; } = TimeSpan.FromSeconds(20);

    /// <summary>Tenants of one server that are measured at once, by all machines together: that is how it stays in the background.</summary>
    public int PerServer { get; set; } = 2;

    /// <summary>Servers whose tenants one machine measures at once.</summary>
    public int Servers { get; set; } = 50;

    /// <summary>How long one row an hour is kept; one row a day is made of them then.</summary>
    public TimeSpan Hours { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How long one row a day is kept.</summary>
    public TimeSpan Days { get; set; } = TimeSpan.FromDays(400);

    /// <summary>True if metrics have series for each tenant, and not only for each server and plan.</summary>
    public bool MetricsPerTenant { get; set; }
}
