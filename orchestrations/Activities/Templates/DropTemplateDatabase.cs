using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Templates;

/// <summary>Drops the template's database, finished or half made; one that is not ours is never touched.</summary>
public sealed class DropTemplateDatabase(TemplateDatabase databases, ILogger<DropTemplateDatabase> logger) : TaskActivity<CreateTemplateOrder, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        if (!await databases.DropAsync(order, context.CancellationToken))
        {
            logger.ForeignDatabaseLeft(order.Database, order.Code);
        }

        return Nothing.Value;
    }
}
