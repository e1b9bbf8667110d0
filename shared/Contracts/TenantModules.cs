using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Contracts;

/// <summary>How the application shows the tenant's company; null is the application's own.</summary>
public sealed record ThemeLook
{
    /// <summary>Such as <c>#017e84</c>.</summary>
    public string? PrimaryColor { get; init; }

    /// <summary>Such as <c>#714b67</c>.</summary>
    public string? SecondaryColor { get; init; }

    /// <summary>Such as <c>Roboto</c>.</summary>
    public string? Font { get; init; }
}

/// <summary>A theme to give a tenant.</summary>
/// <param name="Name">Its name; null takes the theme away.</param>
/// <param name="Look">What it looks like; null leaves it as it is.</param>
public sealed record ThemeChange(string? Name, ThemeLook? Look);

/// <summary>What is to become of a tenant's modules and of its theme.</summary>
public sealed record ModuleChange
{
    /// <summary>Technical names of modules to install.</summary>
    public IReadOnlyList<string> Activate { get; init; } = [];

    /// <summary>Technical names of modules to uninstall.</summary>
    public IReadOnlyList<string> Deactivate { get; init; } = [];

    /// <summary>The theme; null leaves it as it is.</summary>
    public ThemeChange? Theme { get; init; }
}

/// <summary>An accepted order to change modules or the theme.</summary>
public sealed record ChangeModulesOrder
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }
    public required string Code { get; init; }
    public required ModuleChange Change { get; init; }

    /// <summary>True if the job's own orchestration was ended from outside: what it did is undone, nothing else.</summary>
    public bool IsUndo { get; init; }
}

/// <summary>A tenant's modules or theme to change.</summary>
public sealed record ModuleRequest(TenantDescriptor Place, ModuleChange Change);

/// <summary>What was there before, and what there is to do.</summary>
public sealed record ModulesFound
{
    /// <summary>Modules that were installed.</summary>
    public required IReadOnlyList<string> Installed { get; init; }

    /// <summary>How the company looked.</summary>
    public ThemeLook Look { get; init; } = new();

    /// <summary>Modules that are to be installed and are not.</summary>
    public required IReadOnlyList<string> Activate { get; init; }

    /// <summary>Modules that are to be uninstalled and are installed.</summary>
    public required IReadOnlyList<string> Deactivate { get; init; }

    /// <summary>True if the company is to look otherwise.</summary>
    public bool ChangesLook { get; init; }

    /// <summary>True if everything is as it is to be.</summary>
    public bool IsNothing => Activate.Count == 0 && Deactivate.Count == 0 && !ChangesLook;
}

/// <summary>A change to compare with what was there before.</summary>
public sealed record ModulesCheck(TenantDescriptor Place, ModuleChange Change, ModulesFound Before);

/// <summary>A tenant whose modules or theme were changed.</summary>
public sealed record ModulesChanged
{
    public required string Code { get; init; }

    /// <summary>Modules that were ordered and were installed.</summary>
    public IReadOnlyList<string> Activated { get; init; } = [];

    /// <summary>Modules that came with them: what they depend on, and what the application installs by itself.</summary>
    public IReadOnlyList<string> AlsoActivated { get; init; } = [];

    /// <summary>Modules that were uninstalled.</summary>
    public IReadOnlyList<string> Deactivated { get; init; } = [];

    /// <summary>The theme that it has now; null unless one was ordered.</summary>
    public string? Theme { get; init; }

    /// <summary>How the company looked before; null unless that was changed.</summary>
    public ThemeLook? LookBefore { get; init; }

    /// <summary>The backup of before; null if nothing was to be changed.</summary>
    public string? SafetyBackupId { get; init; }

    /// <summary>For how long visitors were shown a page instead of the application, in milliseconds.</summary>
    public long OutageMs { get; init; }
    public IReadOnlyList<string> Notes { get; init; } = [];
}

/// <summary>How a change of modules ended.</summary>
public sealed record ModulesEnd
{
    public required long TenantId { get; init; }
    public required string JobId { get; init; }

    /// <summary>True if the tenant's route leads to its database again; else the tenant is suspended.</summary>
    public required bool IsOpen { get; init; }
    public required ModuleChange Change { get; init; }

    /// <summary>True if the change was undone because its orchestration was ended from outside.</summary>
    public bool IsUndo { get; init; }
    public ModulesChanged? Result { get; init; }

    /// <summary>Why it failed, and what state the tenant is in.</summary>
    public string? Reason { get; init; }
}

/// <summary>Modules and theme of one tenant, by the application's own means.</summary>
public static class TenantModules
{
    private static readonly RetryPolicy Stubborn = new(40, TimeSpan.FromMilliseconds(200), 2, TimeSpan.FromMinutes(1));

    // The application refuses while it works at modules or runs a scheduled action: it is asked again for some minutes.
    private static readonly RetryPolicy Patient = new(15, TimeSpan.FromSeconds(1), 2, TimeSpan.FromSeconds(30));

    /// <summary>Says what is there and what there is to do; what cannot be done is a failure.</summary>
    public static readonly ActivityDefinition<ModuleRequest, ModulesFound> Look = new("modules.look", Policies.Act);

    /// <summary>Has the application uninstall and install, and writes the theme.</summary>
    public static readonly ActivityDefinition<ModuleRequest, Unit> Apply = new("modules.apply", Patient);

    /// <summary>Looks whether everything is as ordered and nothing else is gone; a difference is a failure.</summary>
    public static readonly ActivityDefinition<ModulesCheck, ModulesChanged> Verify = new("modules.verify", Policies.Act);

    /// <summary>Says whether the backup of before the change was taken.</summary>
    public static readonly ActivityDefinition<BackupRef, bool> FindWayBack = new("modules.find_way_back", Stubborn);

    /// <summary>Ends a change: record, tenant and job.</summary>
    public static readonly ActivityDefinition<ModulesEnd, Unit> End = new("modules.end", Stubborn);
}
