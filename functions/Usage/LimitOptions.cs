using Bibind.ControlPlane.UsageLimits;

namespace Bibind.Functions.Usage;

/// <summary>Settings <c>Limits:*</c>.</summary>
public sealed class LimitOptions
{
    public const string Section = "Limits";
    public const string DoNothing = "none";
    public const string Suspend = "suspend";

    /// <summary>The same as a choice.</summary>
    public LimitAction Action => AfterGrace == Suspend ? LimitAction.Suspend : LimitAction.None;

    /// <summary>False if what tenants use is not compared with what they may use.</summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How often each tenant is looked at; whole minutes count.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromMinutes(15);

    /// <summary>What was measured longer ago raises no notice and suspends nobody; twice <c>Usage:Interval</c> if that is longer.</summary>
    public TimeSpan MaxAge { get; set; } = TimeSpan.FromHours(3);

    /// <summary><see cref="DoNothing"/> or <see cref="Suspend"/>: what is done when a tenant still uses more than it may after its plan's grace: nothing unless somebody decides so.</summary>
    public string AfterGrace { get; set; } = DoNothing;

    /// <summary>Tenants that one round suspends or opens at most.</summary>
    public int MostPerRound { get; set; } = 50;
}
