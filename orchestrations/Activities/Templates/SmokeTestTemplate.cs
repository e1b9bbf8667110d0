using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Activities.FileStores;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Templates;

/// <summary>Checks that the template holds what a tenant's configuration will need, and every file that it names.</summary>
public sealed class SmokeTestTemplate(PostgresConnector postgres, TemplateDatabase databases, TemplateFiles files, ApplicationProviders applications)
    : TaskActivity<CreateTemplateOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        var cancellationToken = context.CancellationToken;
        var application = applications.Of(order.Application);
        IReadOnlyList<NamedFile> named;
        await using (var session = await postgres.OpenAsync(DatabaseDescriptor.Of(order), cancellationToken))
        {
            named = await session.TranslateErrorsAsync(() => application.ListFilesAsync(session.Connection, cancellationToken));

            // What somebody else fills, with an application that we need not know, is only connected to.
            if (order.Initialisation != Initialisations.None
                && await session.TranslateErrorsAsync(() => application.FindMissingPartsAsync(session.Connection, order, cancellationToken)) is { Count: > 0 } missing)
            {
                throw new PermanentFailureException($"The template '{order.Code}' lacks {string.Join(", ", missing)}.");
            }

            if (order.Initialisation != Initialisations.None
                && await session.TranslateErrorsAsync(() => application.FindUncleanAsync(session.Connection, cancellationToken)) is { Count: > 0 } unclean)
            {
                throw new PermanentFailureException($"The template '{order.Code}' holds what no tenant may inherit: {string.Join("; ", unclean)}.");
            }
        }

        if (order.Initialisation != Initialisations.None
            && await databases.FindMissingModulesAsync(order, order.Database, cancellationToken) is { Count: > 0 } modules)
        {
            throw new PermanentFailureException($"The template '{order.Code}' lacks the modules {string.Join(", ", modules)}.");
        }

        return await files.FindProblemAsync(order.ServerId, order.Database, named, cancellationToken) is { } problem
            ? throw new PermanentFailureException(problem)
            : Unit.Value;
    }
}
