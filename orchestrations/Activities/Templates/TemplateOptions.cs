namespace Bibind.Activities.Templates;

/// <summary>Settings <c>Templates:*</c>.</summary>
public sealed class TemplateOptions
{
    public const string Section = "Templates";

    /// <summary>Path of <c>odoo-bin</c>, or its name on the PATH.</summary>
    public string OdooBin { get; set; } = "odoo-bin";

    /// <summary>How long the installation of a template's modules may take.</summary>
    public TimeSpan InitialisationLimit { get; set; } = TimeSpan.FromMinutes(5);
}
