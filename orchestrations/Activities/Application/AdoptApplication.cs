using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Application;

/// <summary>
/// Makes a restored copy of another tenant's database a tenant of its own, before the application can see it: ids, secrets,
/// address and our passwords are new, and it sends no mail beside the one it is a copy of. Company and people stay as they were.
/// </summary>
public sealed class AdoptApplication(
    PostgresConnector postgres, ISecretStore secrets, ApplicationProviders applications, ILogger<AdoptApplication> logger) : TaskActivity<TenantDescriptor, Unit>
{
    /// <inheritdoc/>
    public override async Task<Unit> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var administrator = await SecretAsync(TenantSecrets.AdministratorHash(place.TenantId), place, cancellationToken);
        var user = await SecretAsync(TenantSecrets.User(place.TenantId), place, cancellationToken);
        var application = applications.Of(place.Application);
        var userHash = PasslibPbkdf2Sha512.Hash(user, PasslibPbkdf2Sha512.RandomTextRounds);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await session.TranslateErrorsAsync(async () =>
        {
            if (await application.AdoptAsync(session.Connection, place, administrator, userHash, cancellationToken))
            {
                logger.ApplicationAdopted(place.Database);
            }

            return Unit.Value;
        });
    }

    private async Task<string> SecretAsync(string name, TenantDescriptor place, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken)
        ?? throw new PermanentFailureException($"The passwords of tenant '{place.Code}' are not among the secrets.");
}
