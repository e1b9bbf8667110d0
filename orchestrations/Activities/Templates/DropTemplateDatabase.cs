using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates;

/// <summary>Drops the template's database and then its files, finished or half made; what is not ours is never touched.</summary>
public sealed class DropTemplateDatabase(TemplateDatabase databases, TemplateFiles files, ILogger<DropTemplateDatabase> logger) : TaskActivity<CreateTemplateOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        if (!await databases.DropAsync(order, context.CancellationToken))
        {
            logger.ForeignDatabaseLeft(order.Database, order.Code);
        }

        if (!await files.RemoveAsync(order, context.CancellationToken))
        {
            logger.ForeignFileStoreLeft(order.Database, order.Code);
        }

        return Unit.Value;
    }
}
