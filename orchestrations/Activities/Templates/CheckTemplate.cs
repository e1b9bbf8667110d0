using System.Text.RegularExpressions;
using Bibind.Activities.Application;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.DurableTask;

namespace Bibind.Activities.Templates;

/// <summary>Checks that the server's PostgreSQL lets us in and that the template's database is not there yet.</summary>
public sealed partial class CheckTemplate(PostgresConnector postgres, ApplicationProviders applications) : TaskActivity<CreateTemplateOrder, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, CreateTemplateOrder order)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(order);
        // They become arguments of a program; the endpoint has checked them, and this is the use.
        if (order.Modules.Count == 0 || order.Modules.FirstOrDefault(m => !ModuleName().IsMatch(m)) is not null)
        {
            throw new PermanentFailureException($"The modules of template '{order.Code}' must be names of lower-case letters, digits and '_'.");
        }

        // Asked for a language that it does not come with, the application makes one up.
        if (!LanguageCodes.IsKnown(order.Language))
        {
            throw new PermanentFailureException($"The application comes with no language '{order.Language}', which template '{order.Code}' is to have; one is 'fr_FR'.");
        }

        _ = applications.Of(order.Application);

        if (!Initialisations.All.Contains(order.Initialisation))
        {
            throw new PermanentFailureException(
                $"Template '{order.Code}' is to be initialised by '{order.Initialisation}'; known are {string.Join(", ", Initialisations.All)}.");
        }

        await using var session = await postgres.OpenMaintenanceAsync(order.ServerId, $"bibind check {order.Code}", context.CancellationToken);
        return await session.TranslateErrorsAsync(order.Database, async () =>
        {
            await LabelledDatabases.FindOursAsync(session, LabelledDatabase.Of(order), context.CancellationToken);
            return Unit.Value;
        });
    }

    [GeneratedRegex(@"^[a-z][a-z0-9_]*\z")]
    private static partial Regex ModuleName();
}
