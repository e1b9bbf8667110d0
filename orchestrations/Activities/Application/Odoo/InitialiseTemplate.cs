using Bibind.Activities.Database;
using Bibind.Activities.Templates;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Fills the template's database with the application's modules.</summary>
public sealed class InitialiseTemplate(
    PostgresConnector postgres,
    TemplateDatabase databases,
    TemplateFiles files,
    ApplicationProviders applications,
    OdooBin program,
    OdooDatabaseService service,
    ILogger<InitialiseTemplate> logger)
    : TaskActivity<CreateTemplateOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        if (order.Initialisation != Initialisations.None && !await IsDoneAsync(order, cancellationToken))
        {
            await InstallAsync(order, cancellationToken);
            logger.TemplateInitialised(order.Database, order.Initialisation);
        }

        if (order.Initialisation != Initialisations.None)
        {
            await files.SettleAsync(order, cancellationToken);
            await CleanAsync(order, cancellationToken);
        }

        return Unit.Value;
    }

    // Also when an earlier attempt did it: nothing of it can be seen from outside.
    private async Task CleanAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        await using var content = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken);
        await content.TranslateErrorsAsync(async () =>
        {
            await applications.Of(order.Application).CleanTemplateAsync(content.Connection, cancellationToken);
            return Unit.Value;
        });
    }

    private async Task InstallAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        if (order.Initialisation == Initialisations.JsonRpc)
        {
            await service.InstallAsync(order, cancellationToken);
            return;
        }

        // What an earlier attempt half installed is not built upon; a program that it left running loses its database.
        if (!await databases.DropAsync(order, cancellationToken))
        {
            throw new PermanentFailureException($"A database named '{order.Database}' is there and is not ours; it was left as it is.");
        }

        await databases.CreateAsync(order, cancellationToken);
        await files.MakeAnewAsync(order, cancellationToken);
        await program.InstallAsync(order, cancellationToken);
        if (await databases.FindMissingModulesAsync(order, order.Database, cancellationToken) is { Count: > 0 } missing)
        {
            throw new PermanentFailureException($"The initialisation of '{order.Database}' ended well and did not install {string.Join(", ", missing)}.");
        }
    }

    private async Task<bool> IsDoneAsync(CreateTemplateOrder order, CancellationToken cancellationToken)
    {
        var target = LabelledDatabase.Of(order);
        await using (var session = await postgres.OpenMaintenanceAsync(order.ServerId, $"bibind look {order.Code}", cancellationToken))
        {
            if (await session.TranslateErrorsAsync(target.Name, () => LabelledDatabases.FindUsableAsync(session, target, cancellationToken)) is null)
            {
                return false;
            }
        }

        return (await databases.FindMissingModulesAsync(order, order.Database, cancellationToken)).Count == 0;
    }
}
