using Bibind.Contracts;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates;

/// <summary>Locks the template against connections and tells the control database.</summary>
public sealed class MarkTemplateReady(TemplateSeal seal, ITemplateDirectory directory, ILogger<MarkTemplateReady> logger)
    : TaskActivity<CreateTemplateOrder, TemplateReady>
{
    /// <inheritdoc/>
    public override async Task<TemplateReady> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var (hash, bytes, contents) = await seal.SealAsync(order, context.CancellationToken);
        await directory.MarkReadyAsync(order.TemplateId, order.JobId, hash, bytes, contents, context.CancellationToken);
        logger.TemplateReady(order.Code, order.Database, hash);
        return new TemplateReady(order.Code, order.Database, hash, bytes);
    }
}
