namespace Bibind.ControlPlane.Modules;

/// <summary>Settings <c>Modules:*</c>.</summary>
public sealed class ModuleOptions
{
    public const string Section = "Modules";

    /// <summary>How long the application may take for one installation or uninstallation, with all that goes along.</summary>
    public TimeSpan CallLimit { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a tenant's database may take to say which modules there are.</summary>
    public TimeSpan ReadLimit { get; set; } = TimeSpan.FromSeconds(10);
}
