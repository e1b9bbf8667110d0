using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates.Versions;

/// <summary>Locks the version's database against connections and makes the version a candidate.</summary>
public sealed class MarkVersionCandidate(TemplateSeal seal, TemplateVersionStore versions, ILogger<MarkVersionCandidate> logger)
    : TaskActivity<CreateTemplateOrder, TemplateReady>
{
    /// <inheritdoc/>
    public override async Task<TemplateReady> RunAsync(TaskActivityContext context, CreateTemplateOrder version)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(version);
        var (hash, bytes, contents) = await seal.SealAsync(version, context.CancellationToken);
        await versions.MarkCandidateAsync(version, hash, bytes, contents, context.CancellationToken);
        logger.VersionBuilt(version.Code, version.Number, version.Database, hash);
        return new TemplateReady(version.Code, version.Database, hash, bytes);
    }
}

/// <summary>Tells the control database why a version could not be built, with the proof of what is left of it.</summary>
public sealed class MarkVersionFailed(TemplateVersionStore versions) : TaskActivity<VersionFailure, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, VersionFailure failure)
    {
        ArgumentNullException.ThrowIfNull(context);
        await versions.MarkFailedAsync(failure, context.CancellationToken);
        return Unit.Value;
    }
}
