using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Makes a restored database a staging copy's own, neutralised and masked; what was done before is answered again.</summary>
public sealed class StagingNeutraliser(PostgresConnector postgres, ISecretStore secrets, ApplicationProviders applications, OdooBin program)
{
    /// <summary>Does it.</summary>
    /// <param name="copy">The copy.</param>
    /// <param name="database">Its database: under its own name, or under that which it has before.</param>
    /// <param name="masking">What is masked.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    /// <exception cref="PermanentFailureException">It is no staging copy, something in the database keeps it from being done, or a rule cannot be applied.</exception>
    public async Task<StagingReport> RunAsync(TenantDescriptor copy, string database, IReadOnlyList<MaskingRule> masking, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(copy);
        if (copy.StagingOf is null || copy.StagingOf == copy.TenantId)
        {
            throw new PermanentFailureException($"'{copy.Database}' is no staging copy: what a tenant's own database loses by neutralisation cannot be given back.");
        }

        var administrator = await SecretAsync(TenantSecrets.AdministratorHash(copy.TenantId), copy, cancellationToken);
        var user = await SecretAsync(TenantSecrets.User(copy.TenantId), copy, cancellationToken);
        var statements = copy.Application == Applications.Odoo && program.IsAtHand ? await program.ReadNeutralisationAsync(copy, database, cancellationToken) : null;
        var input = new StagingInput(copy, administrator, PasslibPbkdf2Sha512.Hash(user, PasslibPbkdf2Sha512.RandomTextRounds), masking, statements);
        await using var session = await postgres.OpenAsync(DatabaseDescriptor.Of(copy, database), cancellationToken);
        await LeaseFence.EnsureHeldAsync();
        return await session.TranslateErrorsAsync(() => applications.Of(copy.Application).StageAsync(session.Connection, input, cancellationToken));
    }

    private async Task<string> SecretAsync(string name, TenantDescriptor place, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken)
        ?? throw new PermanentFailureException($"The passwords of tenant '{place.Code}' are not among the secrets.");
}
