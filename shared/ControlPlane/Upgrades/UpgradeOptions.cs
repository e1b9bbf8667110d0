namespace Bibind.ControlPlane.Upgrades;

/// <summary>Settings <c>Upgrades:*</c>.</summary>
public sealed class UpgradeOptions
{
    public const string Section = "Upgrades";

    /// <summary>How long the backup of what a tenant was before its upgrade is kept unless the upgrade is confirmed before.</summary>
    public TimeSpan KeepBackup { get; set; } = TimeSpan.FromDays(7);
}
