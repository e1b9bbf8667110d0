using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>Gives the clone its own identity, company and administrator by SQL, before the application can see it.</summary>
public sealed class ConfigureApplication(
    PostgresConnector postgres, ISecretStore secrets, TimeProvider time, ILogger<ConfigureApplication> logger) : TaskActivity<TenantPlace, Nothing>
{
    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var hash = await secrets.FindAsync(TenantSecrets.AdministratorHash(place.TenantId), cancellationToken)
            ?? throw new PermanentFailureException($"The administrator's password of tenant '{place.Code}' is not among the secrets.");

        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await session.InWordsAsync(async () =>
        {
            await ConfigureAsync(session.Connection, place, hash, cancellationToken);
            return Nothing.Value;
        });
    }

    // One transaction: a database is either the template's or configured, whatever ends us in between.
    private async Task ConfigureAsync(NpgsqlConnection connection, TenantPlace place, string passwordHash, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tables = await OdooTables.ReadAsync(connection, place.Database, cancellationToken);
        if (await OdooIdentity.FindTenantAsync(connection, cancellationToken) == OdooIdentity.TenantValue(place))
        {
            return;
        }

        var rows = await OdooReferences.FindAsync(connection, tables, place, cancellationToken);
        var now = time.GetUtcNow();
        await using var steps = new SqlSteps(connection);
        OdooIdentity.Write(steps, tables, place, now);
        OdooIdentity.Silence(steps, tables, now);
        OdooPeople.WriteCompany(steps, tables, rows, place);
        OdooPeople.WriteAdministrator(steps, tables, rows, place, passwordHash);
        await steps.RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        logger.ApplicationConfigured(place.Database);
    }
}
