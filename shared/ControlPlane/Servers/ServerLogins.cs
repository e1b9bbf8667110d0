using System.Globalization;
using Bibind.ControlPlane.Secrets;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>Changes what servers are logged in to with: rows hold the names of secrets, the secret store holds the values.</summary>
public sealed class ServerLogins(NpgsqlDataSource database, ISecretStore secrets, TimeProvider time, ILogger<ServerLogins> logger)
{
    /// <summary>Changes the logins of a server: the maintenance role with its password, and the password of the application's role.</summary>
    public async Task SetLoginsAsync(Server server, string databaseUser, string databasePassword, string applicationPassword, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);

        // The application's first: with it nothing changes for a server that has one, and one that has none did not work.
        await secrets.SetAsync(ApplicationSecret(server.Id), applicationPassword, cancellationToken);
        await secrets.SetAsync(DatabaseSecret(server.Id), databasePassword, cancellationToken);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.servers
            set db_user = @databaseUser, db_password_secret = @Database, application_password_secret = @Application
            where id = @Id
            """,
            new { server.Id, databaseUser, Database = DatabaseSecret(server.Id), Application = ApplicationSecret(server.Id) }, cancellationToken));
    }

    /// <summary>Stores passwords that were changed at the server; what is null stays.</summary>
    public async Task SetPasswordsAsync(
        Server server, string? databasePassword, string? applicationPassword, string? masterPassword, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        (string Name, string? Value)[] changes =
            [(DatabaseSecret(server.Id), databasePassword), (ApplicationSecret(server.Id), applicationPassword), (MasterSecret(server.Id), masterPassword)];
        foreach (var (name, value) in changes.Where(c => c.Value is not null))
        {
            await secrets.SetAsync(name, value!, cancellationToken);
        }

        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            """
            update control.servers set
              application_password_secret = case when @HasApplication then @Application else application_password_secret end,
              master_password_secret = case when @HasMaster then @Master else master_password_secret end
            where id = @Id
            """,
            new
            {
                server.Id,
                HasApplication = applicationPassword is not null,
                Application = ApplicationSecret(server.Id),
                HasMaster = masterPassword is not null,
                Master = MasterSecret(server.Id),
            },
            transaction, cancellationToken));
        var names = string.Join(", ", changes.Where(c => c.Value is not null).Select(c => c.Name));
        await ServerRows.RecordAsync(
            connection, transaction, server, ServerActions.Credentials, new Dictionary<string, FieldChange>(),
            new ChangedBy(who, $"passwords were changed at the server: {names}", time.GetUtcNow()), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.ServerPasswordsChanged(logger, server.Code, names, who);
    }

    internal static string DatabaseSecret(long id) => string.Create(CultureInfo.InvariantCulture, $"servers/{id}/database-password");

    internal static string ApplicationSecret(long id) => string.Create(CultureInfo.InvariantCulture, $"servers/{id}/application-password");

    internal static string MasterSecret(long id) => string.Create(CultureInfo.InvariantCulture, $"servers/{id}/master-password");
}
