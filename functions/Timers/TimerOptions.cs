namespace Bibind.Functions.Timers;

/// <summary>Settings <c>Timers:*</c>.</summary>
public sealed class TimerOptions
{
    public const string Section = "Timers";

    /// <summary>False on self-hosted machines that must run no schedules; another one should.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>False if abandoned tenants are not to be looked for, nor what tenants still lack (<c>PendingItems:*</c>).</summary>
    public bool Sweep { get; set; } = true;

    /// <summary>How often abandoned tenants are looked for.</summary>
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>False if certificates are not to be renewed.</summary>
    public bool CertificateRenewals { get; set; } = true;
}
