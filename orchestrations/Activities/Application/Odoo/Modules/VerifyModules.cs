using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>Looks whether a change is what was ordered, and whether nothing else went with it.</summary>
public sealed class VerifyModules(TenantModuleReader reader) : TaskActivity<ModulesCheck, ModulesChanged>
{
    /// <inheritdoc/>
    public override async Task<ModulesChanged> RunAsync(TaskActivityContext context, ModulesCheck check)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(check);
        var list = await reader.ReadAsync(check.Place, context.CancellationToken);
        var plan = ModulePlan.Of(list, check.Change, allowed: null);
        var (before, now) = (check.Before, plan.Found);
        var lost = before.Installed.Except(now.Installed, StringComparer.Ordinal).Except(check.Change.Deactivate, StringComparer.Ordinal).ToList();
        string[] faults =
        [
            .. plan.HalfWay.Take(5).Select(m => $"'{m}' was left half-way"),
            .. now.Activate.Select(m => $"'{m}' is not installed"),
            .. now.Deactivate.Select(m => $"'{m}' is still installed"),
            .. lost.Take(5).Select(m => $"'{m}' is gone, which nobody ordered"),
            .. now.ChangesLook ? new[] { "the company does not look like the theme" } : [],
        ];
        if (faults.Length > 0)
        {
            throw new PermanentFailureException($"The application of '{check.Place.Code}' said that it was done, but {string.Join("; ", faults)}.");
        }

        return new ModulesChanged
        {
            Code = check.Place.Code,
            Activated = before.Activate,
            AlsoActivated = [.. now.Installed.Except(before.Installed, StringComparer.Ordinal).Except(before.Activate, StringComparer.Ordinal)],
            Deactivated = before.Deactivate,
            Theme = check.Change.Theme?.Name,
            LookBefore = before.ChangesLook ? before.Look : null,
        };
    }
}
