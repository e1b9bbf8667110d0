using Bibind.Contracts;

namespace Bibind.ControlPlane.Modules;

/// <summary>A module that somebody wanted in a tenant, or wanted away.</summary>
public sealed record TenantModuleRecord
{
    public string Module { get; init; } = string.Empty;

    /// <summary>True if it was activated last, false if it was deactivated.</summary>
    public bool Active { get; init; }
    public string ChangedBy { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>The theme that was chosen for a tenant.</summary>
public sealed record TenantThemeRecord
{
    public string Theme { get; init; } = string.Empty;

    /// <summary>What it looked like when it was chosen.</summary>
    public ThemeLook Look { get; init; } = new();

    /// <summary>How the company looked before its first theme.</summary>
    public ThemeLook LookBefore { get; init; } = new();
    public string ChangedBy { get; init; } = string.Empty;
    public string JobId { get; init; } = string.Empty;
    public DateTimeOffset ChangedAt { get; init; }
}

/// <summary>What became of the wish to change modules.</summary>
public abstract record ModuleJobResult
{
    private ModuleJobResult()
    {
    }

    /// <summary>The job is open; its orchestration is the caller's to start in the same transaction.</summary>
    public sealed record Opened(ChangeModulesOrder Order, string TenantState) : ModuleJobResult;

    /// <summary>There is no such tenant.</summary>
    public sealed record NotFound : ModuleJobResult;

    /// <summary>The tenant's state does not allow it.</summary>
    public sealed record NotActive(string State) : ModuleJobResult;

    /// <summary>Another job is in the way.</summary>
    public sealed record InTheWay(string JobId) : ModuleJobResult;
}
