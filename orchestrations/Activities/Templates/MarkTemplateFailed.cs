using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Templates;

/// <summary>Tells the control database why a template could not be made.</summary>
public sealed class MarkTemplateFailed(ITemplateDirectory directory) : TaskActivity<TemplateFailure, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TemplateFailure failure)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(failure);
        await directory.MarkFailedAsync(failure.TemplateId, failure.JobId, failure.Reason, context.CancellationToken);
        return Unit.Value;
    }
}
