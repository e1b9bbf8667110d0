using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Application.Odoo.Modules;

/// <summary>Says what was there before a change, and what there is to do.</summary>
public sealed class LookAtModules(TenantModuleReader reader) : TaskActivity<ModuleRequest, ModulesFound>
{
    /// <inheritdoc/>
    public override async Task<ModulesFound> RunAsync(TaskActivityContext context, ModuleRequest request)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(request);
        var plan = ModulePlan.Of(await reader.ReadAsync(request.Place, context.CancellationToken), request.Change, allowed: null);
        return plan switch
        {
            { HalfWay.Count: > 0 } => throw new PermanentFailureException(plan.DescribeHalfWay(request.Place.Code)),
            { Errors: { Count: > 0 } errors } => throw new PermanentFailureException(
                $"The modules of '{request.Place.Code}' cannot be changed so: {string.Join("; ", errors.Select(e => $"{Named(request.Change, e.Key)} {string.Join(", ", e.Value)}"))}."),
            _ => plan.Found,
        };
    }

    // A field of the order as its module, for those who do not see the order.
    private static string Named(ModuleChange change, string field)
    {
        var open = field.IndexOf('[', StringComparison.Ordinal);
        if (open < 0)
        {
            return $"the {field}";
        }

        var list = field.StartsWith("activate", StringComparison.Ordinal) ? change.Activate : change.Deactivate;
        return $"'{list[int.Parse(field[(open + 1)..^1], System.Globalization.CultureInfo.InvariantCulture)]}'";
    }
}
