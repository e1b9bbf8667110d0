using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Templates;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application;

/// <summary>Gives the clone its own identity, company and administrator by SQL, before the application can see it.</summary>
public sealed class ConfigureApplication(
    PostgresConnector postgres, ISecretStore secrets, ApplicationProviders applications, ITemplateDirectory templates, ILogger<ConfigureApplication> logger) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var hash = await secrets.FindAsync(TenantSecrets.AdministratorHash(place.TenantId), cancellationToken)
            ?? throw new PermanentFailureException($"The administrator's password of tenant '{place.Code}' is not among the secrets.");

        var application = applications.Of(place.Application);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        if (await session.TranslateErrorsAsync(() => application.ConfigureAsync(session.Connection, place, hash, cancellationToken)) is { } contents)
        {
            logger.ApplicationConfigured(place.Database);

            // One that was attached before templates were looked at: the next order is checked when it comes in. A trial is of no template that
            // orders take yet.
            await (place.Trial is not null ? Task.CompletedTask : templates.LearnAsync(place.ServerId, place.TemplateCode, contents, cancellationToken));
        }

        return Unit.Value;
    }
}
