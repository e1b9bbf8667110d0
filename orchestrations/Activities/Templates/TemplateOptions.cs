namespace Bibind.Activities.Templates;

/// <summary>Settings <c>Templates:*</c>.</summary>
public sealed class TemplateOptions
{
    public const string Section = "Templates";

    /// <summary>Path of <c>odoo-bin</c>, or its name on the PATH.</summary>
    public string OdooBin { get; set; } = "odoo-bin";

    /// <summary>The application's configuration file (<c>-c</c>), for its <c>addons_path</c> say; none unless given.</summary>
    public string? OdooConfiguration { get; set; }

    /// <summary>How long the installation of a template's modules may take.</summary>
    public TimeSpan InitialisationLimit { get; set; } = TimeSpan.FromMinutes(5);
}
