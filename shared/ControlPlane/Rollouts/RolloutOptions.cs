namespace Bibind.ControlPlane.Rollouts;

/// <summary>Settings <c>Rollouts:*</c>.</summary>
public sealed class RolloutOptions
{
    public const string Section = "Rollouts";

    /// <summary>Tenants of a rollout that are upgraded at once, unless its order says.</summary>
    public int MaxConcurrent { get; set; } = 5;

    /// <summary>How often those are looked at that are being upgraded, and with them whose turn is next.</summary>
    public TimeSpan Interval { get; set; } = TimeSpan.FromSeconds(5);
}
