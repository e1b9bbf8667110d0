namespace Bibind.ControlPlane.Audit;

/// <summary>Settings <c>Audit:*</c>.</summary>
public sealed class AuditOptions
{
    public const string Section = "Audit";

    /// <summary>How long it is kept who did what; one day to 3650 days.</summary>
    public TimeSpan KeepFor { get; set; } = TimeSpan.FromDays(400);
}
