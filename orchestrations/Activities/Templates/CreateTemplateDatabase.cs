using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Templates;

/// <summary>Creates the template's empty file store and database; where the application's server is asked to fill them, that creates them too.</summary>
public sealed class CreateTemplateDatabase(TemplateDatabase databases, TemplateFiles files) : TaskActivity<CreateTemplateOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        if (order.Initialisation != Initialisations.JsonRpc)
        {
            await files.MakeAsync(order, context.CancellationToken);
            await databases.CreateAsync(order, context.CancellationToken);
        }

        return Unit.Value;
    }
}
