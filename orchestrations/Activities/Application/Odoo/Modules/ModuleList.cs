using Bibind.Contracts;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>A module that the application of a tenant knows. Its words are a tenant's: they may say anything.</summary>
/// <param name="Id">Of its row.</param>
/// <param name="Name">Technical name.</param>
/// <param name="State">Such as <c>installed</c>, <c>uninstalled</c>, <c>uninstallable</c> or <c>to install</c>.</param>
/// <param name="Version">Of the installed module.</param>
/// <param name="Title">As people see it.</param>
/// <param name="IsApplication">True if it is shown among the applications.</param>
public sealed record TenantModule(int Id, string Name, string State, string? Version, string? Title, bool IsApplication)
{
    internal const string Installed = "installed";
    internal const string Uninstallable = "uninstallable";

    /// <summary>True if the application has it.</summary>
    public bool IsInstalled => State == Installed;

    /// <summary>True if an installation, uninstallation or upgrade of it has begun and not ended.</summary>
    public bool IsHalfWay => State.StartsWith("to ", StringComparison.Ordinal);
}

/// <summary>The modules of a tenant's application, and how its company looks.</summary>
public sealed record ModuleList
{
    /// <summary>Every module, by name.</summary>
    public required IReadOnlyDictionary<string, TenantModule> Modules { get; init; }

    /// <summary>The modules that each depends on, by name.</summary>
    public required ILookup<string, string> Needs { get; init; }

    /// <summary>Key of the company; null if it cannot be given a theme.</summary>
    public int? CompanyId { get; init; }

    /// <summary>How the company looks.</summary>
    public ThemeLook Look { get; init; } = new();

    /// <summary>Installed modules that need one of these, directly or not, by name; not these themselves.</summary>
    public IReadOnlyList<string> DependentsOf(IReadOnlyCollection<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        var neededBy = Needs.SelectMany(n => n.Select(needed => (Module: n.Key, Needed: needed))).ToLookup(p => p.Needed, p => p.Module, StringComparer.Ordinal);
        var found = new HashSet<string>(names, StringComparer.Ordinal);
        var queue = new Queue<string>(found);
        while (queue.TryDequeue(out var name))
        {
            foreach (var dependent in neededBy[name].Where(d => Modules.TryGetValue(d, out var module) && module.IsInstalled && found.Add(d)))
            {
                queue.Enqueue(dependent);
            }
        }

        return [.. found.Except(names, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }
}
