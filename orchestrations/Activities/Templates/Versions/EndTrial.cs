using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Makes a version that passed its trial the current one, or gives it its share; what nobody needs any more is dropped by jobs of its own.</summary>
public sealed class PromoteVersion(TemplatePromotions promotions, RetiredVersions retired, ILogger<PromoteVersion> logger) : TaskActivity<TrialEnd, VersionPromoted>
{
    /// <inheritdoc/>
    public override async Task<VersionPromoted> RunAsync(TaskActivityContext context, TrialEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        var promoted = await promotions.PromoteAsync(end, context.CancellationToken);
        logger.VersionPromoted(promoted.Code, promoted.Number, promoted.CanaryPercent ?? 100);

        // Those that are not dropped now, the sweep finds.
        await retired.DropUnusedAsync("promotion", context.CancellationToken);
        return promoted;
    }
}

/// <summary>Makes a version that failed its trial a candidate again.</summary>
public sealed class RefuseVersion(TemplatePromotions promotions, ILogger<RefuseVersion> logger) : TaskActivity<TrialEnd, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TrialEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(end);
        await promotions.RefuseAsync(end, context.CancellationToken);
        logger.VersionRefused(end.Order.Code, end.Order.Number, end.Reason ?? string.Empty);
        return Unit.Value;
    }
}

/// <summary>Ends the removal of a retired version.</summary>
public sealed class EndRetirement(TemplateRetirements retirements) : TaskActivity<RetirementEnd, VersionRetired>
{
    /// <inheritdoc/>
    public override Task<VersionRetired> RunAsync(TaskActivityContext context, RetirementEnd end)
    {
        ArgumentNullException.ThrowIfNull(context);
        return retirements.EndDropAsync(end, context.CancellationToken);
    }
}
