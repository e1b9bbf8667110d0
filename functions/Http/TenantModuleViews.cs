using Bibind.Activities.Application.Odoo.Modules;
using Bibind.Contracts;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Modules;

namespace Bibind.Functions.Http;

/// <summary>Modules to install and to uninstall.</summary>
public sealed record ChangeModules
{
    /// <summary>Technical names, such as <c>sale_management</c>.</summary>
    public IReadOnlyList<string>? Activate { get; init; }

    /// <summary>Technical names. What a module keeps is deleted with it; a backup is taken first.</summary>
    public IReadOnlyList<string>? Deactivate { get; init; }

    /// <summary>True: only say what would become of it.</summary>
    public bool DryRun { get; init; }
}

/// <summary>A theme to choose.</summary>
public sealed record ChooseTheme
{
    /// <summary>One of the offer's themes; null takes the theme away.</summary>
    public required string? Theme { get; init; }
}

/// <summary>A module of a tenant's application.</summary>
public sealed record TenantModuleView
{
    /// <summary>Technical name.</summary>
    public required string Name { get; init; }

    /// <summary>As the application calls it.</summary>
    public string? Title { get; init; }

    /// <summary>As the application says it: <c>installed</c>, <c>uninstalled</c>, <c>uninstallable</c>, <c>to install</c>, …</summary>
    public required string State { get; init; }

    /// <summary>Of the installed module.</summary>
    public string? Version { get; init; }

    /// <summary>True if the application shows it among its applications.</summary>
    public required bool Application { get; init; }

    /// <summary>False if the tenant's plan does not allow to activate it.</summary>
    public required bool Allowed { get; init; }

    /// <summary>
    /// For what is installed: <c>order</c> if somebody ordered it here, <c>template</c> if it came with the template, else <c>application</c>: somebody
    /// installed it there, or it came with another.
    /// </summary>
    public string? ActivatedBy { get; init; }

    /// <summary>What was ordered of it last; null if nothing was.</summary>
    public ModuleOrderView? LastOrder { get; init; }

    /// <summary>From the application's word and our record.</summary>
    public static TenantModuleView Of(
        TenantModule module, TenantModuleRecord? record, IReadOnlySet<string> template, IReadOnlyList<string>? allowed)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(template);
        return new TenantModuleView
        {
            Name = PlainText.Escape(module.Name),
            Title = module.Title is { } title ? PlainText.Escape(title) : null,
            State = PlainText.Escape(module.State),
            Version = module.Version is { } version ? PlainText.Escape(version) : null,
            Application = module.IsApplication,
            Allowed = allowed is null || allowed.Contains(module.Name),
            ActivatedBy = !module.IsInstalled ? null : record is { Active: true } ? "order" : template.Contains(module.Name) ? "template" : "application",
            LastOrder = record is null ? null : new ModuleOrderView(record.Active, record.ChangedBy, record.JobId, record.ChangedAt),
        };
    }
}

/// <summary>What somebody ordered of a module.</summary>
/// <param name="Activate">False: to deactivate it.</param>
/// <param name="By">Who.</param>
/// <param name="Job">The job.</param>
/// <param name="At">When it was done.</param>
public sealed record ModuleOrderView(bool Activate, string By, string Job, DateTimeOffset At);

/// <summary>A tenant's theme, and those that it can choose.</summary>
/// <param name="Theme">What was chosen; null if nothing was.</param>
/// <param name="InEffect">False if the company does not look like it any more: its people changed it.</param>
/// <param name="Look">How the company looks.</param>
/// <param name="Themes">What can be chosen.</param>
/// <param name="By">Who chose it.</param>
/// <param name="Job">The job.</param>
/// <param name="At">When.</param>
public sealed record TenantThemeView(
    string? Theme, bool? InEffect, ThemeLook Look, IReadOnlyList<OfferTheme> Themes, string? By, string? Job, DateTimeOffset? At)
{
    /// <summary>From the application's word and our record.</summary>
    public static TenantThemeView Of(ThemeLook look, TenantThemeRecord? record, IReadOnlyList<OfferTheme> themes)
    {
        ArgumentNullException.ThrowIfNull(look);
        var plain = new ThemeLook { PrimaryColor = Plain(look.PrimaryColor), SecondaryColor = Plain(look.SecondaryColor), Font = Plain(look.Font) };
        return record is null
            ? new TenantThemeView(null, null, plain, themes, null, null, null)
            : new TenantThemeView(
                record.Theme,
                record.Look.PrimaryColor == look.PrimaryColor && record.Look.SecondaryColor == look.SecondaryColor && (record.Look.Font ?? look.Font) == look.Font,
                plain, themes, record.ChangedBy, record.JobId, record.ChangedAt);
    }

    private static string? Plain(string? text) => text is null ? null : PlainText.Escape(text);
}
