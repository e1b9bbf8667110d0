using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>
/// Makes a restored copy of another tenant's database a tenant of its own, before the application can see it: ids, secrets,
/// address and our passwords are new, and it sends no mail beside the one it is a copy of. Company and people stay as they were.
/// </summary>
public sealed class AdoptApplication(
    PostgresConnector postgres, ISecretStore secrets, TimeProvider time, ILogger<AdoptApplication> logger) : TaskActivity<TenantPlace, Nothing>
{
    private const string FindAdministratorSql =
        "select u.id from ir_model_data d join res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin'";

    /// <inheritdoc/>
    public override async Task<Nothing> RunAsync(TaskActivityContext context, TenantPlace place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var administrator = await SecretAsync(TenantSecrets.AdministratorHash(place.TenantId), place, cancellationToken);
        var user = await SecretAsync(TenantSecrets.User(place.TenantId), place, cancellationToken);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await session.InWordsAsync(async () =>
        {
            await AdoptAsync(session.Connection, place, administrator, user, cancellationToken);
            return Nothing.Value;
        });
    }

    // One transaction: a database is either the other tenant's or this one's, whatever ends us in between.
    private async Task AdoptAsync(NpgsqlConnection connection, TenantPlace place, string administratorHash, string userPassword, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var tables = await OdooTables.ReadAsync(connection, place.Database, cancellationToken);
        if (await OdooIdentity.FindTenantAsync(connection, cancellationToken) == OdooIdentity.TenantValue(place))
        {
            return;
        }

        await using var who = new NpgsqlCommand(FindAdministratorSql, connection);
        var administrator = (int?)await who.ExecuteScalarAsync(cancellationToken)
            ?? throw new PermanentFailureException("The backup's database has no administrator (base.user_admin), so nobody could be given it.");
        var now = time.GetUtcNow();
        await using var steps = new SqlSteps(connection);
        OdooIdentity.Write(steps, tables, place, now);
        OdooIdentity.Silence(steps, tables, now);
        steps.Add(
            "update res_users set login = $2, password = $3, active = true where id = $1", administrator, TenantSecrets.AdministratorLogin, administratorHash);
        steps.Add(
            "update res_users set password = $2 where login = $1 and id <> $3",
            TenantSecrets.UserLogin(place), PasslibPbkdf2Sha512.Hash(userPassword, PasslibPbkdf2Sha512.RandomTextRounds), administrator);
        await steps.RunAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        logger.ApplicationAdopted(place.Database);
    }

    private async Task<string> SecretAsync(string name, TenantPlace place, CancellationToken cancellationToken) =>
        await secrets.FindAsync(name, cancellationToken)
        ?? throw new PermanentFailureException($"The passwords of tenant '{place.Code}' are not among the secrets.");
}
