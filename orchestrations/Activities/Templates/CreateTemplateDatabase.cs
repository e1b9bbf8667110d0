using Bibind.Contracts;
using Bibind.Durable;

namespace Bibind.Activities.Templates;

/// <summary>Creates the template's empty database; where the application's server is asked to fill it, that creates it too.</summary>
public sealed class CreateTemplateDatabase(TemplateDatabase databases) : TaskActivity<CreateTemplateOrder, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        if (order.Initialisation != Initialisations.JsonRpc)
        {
            await databases.CreateAsync(order, context.CancellationToken);
        }

        return Nothing.Value;
    }
}
