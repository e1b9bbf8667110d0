using Bibind.Activities.Credentials;
using Bibind.Activities.Database;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.Durable;
using Microsoft.DurableTask;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.Activities.Application;

/// <summary>
/// Gives the tenant's administrator and standard user their new passwords. The application signs each session with its user's
/// password, so those that are open end.
/// </summary>
public sealed class ResetPasswords(PostgresConnector postgres, ISecretStore secrets, ILogger<ResetPasswords> logger) : TaskActivity<TenantDescriptor, PasswordsTaken>
{
    private const string FindAdministratorSql =
        "select u.id from ir_model_data d join res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin'";

    // The login too, for it is shown with the password; unless the customer gave it to somebody else.
    private const string SetAdministratorSql =
        """
        update res_users set password = $2, active = true,
               login = case when exists (select from res_users where login = $3 and id <> $1) then login else $3 end
        where id = $1
        """;

    private const string SetUserSql = "update res_users set password = $2 where login = $1 and id <> $3 and active";

    /// <inheritdoc/>
    public override async Task<PasswordsTaken> RunAsync(TaskActivityContext context, TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(place);
        var cancellationToken = context.CancellationToken;
        var administrator = await NewPasswords.GetAsync(secrets, NewPasswords.AdministratorHash(place.TenantId), cancellationToken);
        var user = await NewPasswords.GetAsync(secrets, NewPasswords.User(place.TenantId), cancellationToken);
        await using var session = await postgres.OpenAsync(place, cancellationToken);
        return await session.TranslateErrorsAsync(() => SetAsync(session.Connection, place, administrator, user, cancellationToken));
    }

    // One transaction: both are the new ones or neither is.
    private async Task<PasswordsTaken> SetAsync(
        NpgsqlConnection connection, TenantDescriptor place, string administratorHash, string userPassword, CancellationToken cancellationToken)
    {
        await LeaseFence.EnsureHeldAsync();
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var find = new NpgsqlCommand(FindAdministratorSql, connection);
        var administrator = (int?)await find.ExecuteScalarAsync(cancellationToken)
            ?? throw new PermanentFailureException("The tenant's database has no administrator (base.user_admin), so nobody could be given a password.");
        await SetAsync(connection, SetAdministratorSql, cancellationToken, administrator, administratorHash, TenantSecrets.AdministratorLogin);
        var users = await SetAsync(
            connection, SetUserSql, cancellationToken, TenantSecrets.UserLogin(place),
            PasslibPbkdf2Sha512.Hash(userPassword, PasslibPbkdf2Sha512.RandomTextRounds), administrator);
        await transaction.CommitAsync(cancellationToken);
        logger.PasswordsReset(place.Database);
        return new PasswordsTaken(place, users > 0);
    }

    private static async Task<int> SetAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        return await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
