using Bibind.Contracts;
using Bibind.ControlPlane;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>What there is to do for a change of modules, or what is wrong with it.</summary>
public sealed record ModulePlan
{
    private const int MostNamed = 10;

    /// <summary>The modules that every tenant keeps.</summary>
    public static IReadOnlyList<string> Core { get; } = ["base", "web"];

    /// <summary>What is wrong, by field of the order.</summary>
    public required IReadOnlyDictionary<string, string[]> Errors { get; init; }

    /// <summary>Modules that the application is working at, or that were left half-way: nothing can be changed until that has ended.</summary>
    public required IReadOnlyList<string> HalfWay { get; init; }

    /// <summary>What there is to do.</summary>
    public required ModulesFound Found { get; init; }

    /// <summary>What the modules to install need and what is not there, by name; the application may install others by itself.</summary>
    public required IReadOnlyList<string> Needed { get; init; }

    /// <summary>Why nothing can be changed while something is half-way, in words.</summary>
    public string DescribeHalfWay(string code) =>
        $"In the application of '{code}' an operation on modules has begun and not ended ({string.Join(", ", HalfWay.Take(5))}): wait for its end; if none is at work any more, cancel it in the application's list of modules, or restore a backup.";

    /// <summary>Compares an order with what there is.</summary>
    /// <param name="list">What there is.</param>
    /// <param name="change">The order.</param>
    /// <param name="allowed">Modules that may be activated; null for all.</param>
    public static ModulePlan Of(ModuleList list, ModuleChange change, IReadOnlyCollection<string>? allowed)
    {
        ArgumentNullException.ThrowIfNull(list);
        ArgumentNullException.ThrowIfNull(change);
        var errors = new Dictionary<string, string[]>(StringComparer.Ordinal);
        for (var i = 0; i < change.Activate.Count; i++)
        {
            Note(errors, $"activate[{i}]", ProblemOfActivation(list, change.Activate[i], allowed));
        }

        for (var i = 0; i < change.Deactivate.Count; i++)
        {
            Note(errors, $"deactivate[{i}]", ProblemOfDeactivation(list, change.Deactivate[i], change));
        }

        if (change.Theme?.Look is not null && list.CompanyId is null)
        {
            Note(errors, "theme", "cannot be given: the application has no main company (base.main_company)");
        }

        IReadOnlyList<string> install = [.. change.Activate.Where(n => list.Modules.TryGetValue(n, out var m) && !m.IsInstalled)];
        return new ModulePlan
        {
            Errors = errors,
            HalfWay = [.. list.Modules.Values.Where(m => m.IsHalfWay).Select(m => PlainText.Escape(m.Name)).Order(StringComparer.Ordinal)],
            Found = new ModulesFound
            {
                Installed = [.. list.Modules.Values.Where(m => m.IsInstalled).Select(m => m.Name).Order(StringComparer.Ordinal)],
                Look = list.Look,
                Activate = install,
                Deactivate = [.. change.Deactivate.Where(n => list.Modules.TryGetValue(n, out var m) && m.IsInstalled)],
                ChangesLook = change.Theme?.Look is { } look && Apply(look, list.Look) != list.Look,
            },
            Needed = NeededBy(list, install),
        };
    }

    /// <summary>How a company looks that is given a theme. One without a font leaves the company its own.</summary>
    internal static ThemeLook Apply(ThemeLook theme, ThemeLook now) => theme with { Font = theme.Font ?? now.Font };

    private static void Note(Dictionary<string, string[]> errors, string field, string? problem)
    {
        if (problem is not null)
        {
            errors[field] = [problem];
        }
    }

    private static string? ProblemOfActivation(ModuleList list, string name, IReadOnlyCollection<string>? allowed) =>
        !list.Modules.TryGetValue(name, out var module) ? Unknown(list, name)
        : module.IsInstalled ? null
        : allowed is not null && !allowed.Contains(name)
            ? $"is not among the modules that the tenant's plan allows: {(allowed.Count == 0 ? "it allows none" : Shown([.. allowed.Order(StringComparer.Ordinal)]))}"
        : module.State == TenantModule.Uninstallable ? $"cannot be installed: the application says that '{name}' is uninstallable in this release"
        : null;

    private static string? ProblemOfDeactivation(ModuleList list, string name, ModuleChange change)
    {
        if (!list.Modules.TryGetValue(name, out var module))
        {
            return Unknown(list, name);
        }

        if (!module.IsInstalled)
        {
            return null;
        }

        var dependents = list.DependentsOf([name]);
        if (Core.Contains(name))
        {
            return $"is part of every tenant and stays{(dependents.Count == 0 ? "" : $"; on it depend {Shown(dependents)}")}";
        }

        var left = dependents.Except(change.Deactivate, StringComparer.Ordinal).ToList();
        return left.Count == 0 ? null
            : $"is needed by {Shown(left)}: name {(left.Count == 1 ? "it" : "them")} too, or keep it";
    }

    private static string Unknown(ModuleList list, string name)
    {
        var near = TextDistance.Nearest(name, list.Modules.Keys).Select(n => $"'{PlainText.Escape(n)}'").ToList();
        return near.Count == 0
            ? "is no module that the tenant's application knows: GET /api/tenants/{code}/modules lists them"
            : $"is no module that the tenant's application knows; it knows {string.Join(", ", near)}";
    }

    private static IReadOnlyList<string> NeededBy(ModuleList list, IReadOnlyList<string> names)
    {
        var found = new HashSet<string>(names, StringComparer.Ordinal);
        var queue = new Queue<string>(names);
        while (queue.TryDequeue(out var name))
        {
            foreach (var needed in list.Needs[name].Where(n => list.Modules.TryGetValue(n, out var module) && !module.IsInstalled && found.Add(n)))
            {
                queue.Enqueue(needed);
            }
        }

        return [.. found.Except(names, StringComparer.Ordinal).Order(StringComparer.Ordinal)];
    }

    private static string Shown(IReadOnlyList<string> names) =>
        string.Join(", ", names.Take(MostNamed).Select(n => PlainText.Escape(n))) + (names.Count > MostNamed ? $" and {names.Count - MostNamed} more" : "");
}
