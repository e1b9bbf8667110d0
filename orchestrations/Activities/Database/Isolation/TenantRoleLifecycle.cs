using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.Activities.Database.Isolation;

/// <summary>
/// Gives a tenant's database to the tenant's own role, lets the application reach it through the pooler, and takes both away again.
/// Every method may be called again, and does nothing for a tenant that shares the application's role.
/// </summary>
public sealed class TenantRoleLifecycle(
    ISecretStore secrets, IDatabasePooler pooler, IOptions<TenantIsolationOptions> options, ILogger<TenantRoleLifecycle> logger)
{
    /// <summary>The password of the tenant's role, made when it is first needed.</summary>
    public Task<string> GetPasswordAsync(long tenantId, CancellationToken cancellationToken) =>
        secrets.GetOrSetAsync(TenantSecrets.DatabaseRole(tenantId), RandomPassword.Make, cancellationToken);

    /// <summary>Makes the role, or repairs the one that is there: the tenant may have changed his own password.</summary>
    public async Task PutAsync(MaintenanceSession session, TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(place);
        if (place.DatabaseRole is { } role)
        {
            await TenantRoles.PutAsync(session, role, await GetPasswordAsync(place.TenantId, cancellationToken), cancellationToken);
        }
    }

    /// <summary>Gives what the template's role owns in a clone that nobody has used yet to the tenant's.</summary>
    /// <param name="session">On the server.</param>
    /// <param name="place">The tenant.</param>
    /// <param name="clone">The clone's name now; it belongs to the maintenance role.</param>
    /// <param name="cancellationToken">Ends the wait.</param>
    public async Task GiveCloneAsync(MaintenanceSession session, TenantDescriptor place, string clone, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(session);
        ArgumentNullException.ThrowIfNull(place);
        if (place.DatabaseRole is not { } role)
        {
            return;
        }

        var settings = Pooler(session.Server);
        await PutAsync(session, place, cancellationToken);
        var (database, template, tenant) = (SqlText.Identifier(clone), SqlText.Identifier(settings.TemplateRole), SqlText.Identifier(role));
        await session.ExecuteAsync(
            $"""
            revoke all on database {database} from public;
            grant connect on database {database} to {template};
            grant connect, create, temporary on database {database} to {tenant};
            alter database {database} allow_connections true
            """,
            cancellationToken);
        await TenantRoles.LendAsync(session, role, settings.TemplateRole, isLent: true, cancellationToken);
        try
        {
            await ReassignAsync(session.Server, settings, clone, role, cancellationToken);
        }
        finally
        {
            using var cleanup = LeaseFence.SuspendForCleanup();
            await TenantRoles.LendAsync(session, role, settings.TemplateRole, isLent: false, CancellationToken.None);
            await session.ExecuteAsync($"revoke connect on database {database} from {template}", CancellationToken.None);
        }

        logger.TenantRoleGiven(clone, role);
    }

    /// <summary>Makes the tenant's role the owner of the schema "public" in a database that it restored and still owns.</summary>
    internal static async Task KeepAsync(PostgresConnector postgres, TenantDescriptor place, string restored, CancellationToken cancellationToken)
    {
        if (place.DatabaseRole is not { } role)
        {
            return;
        }

        await using var session = await postgres.OpenAsync(DatabaseDescriptor.Of(place, restored), cancellationToken);
        await session.TranslateErrorsAsync(async () =>
        {
            await using var command = new NpgsqlCommand($"alter schema public owner to {SqlText.Identifier(role)}", session.Connection);
            return await command.ExecuteNonQueryAsync(cancellationToken);
        });
    }

    /// <summary>Lets the application reach the tenant's database, as the tenant's role.</summary>
    public async Task PublishAsync(ServerConnection server, TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        if (place.DatabaseRole is { } role)
        {
            await pooler.PublishAsync(server, new PooledDatabase(place.Database, role, await GetPasswordAsync(place.TenantId, cancellationToken)), cancellationToken);
        }
    }

    /// <summary>Takes the database away from the application: before it is dropped or renamed.</summary>
    public Task WithdrawAsync(ServerConnection server, TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        return place.DatabaseRole is { } role ? pooler.WithdrawAsync(server, place.Database, role, cancellationToken) : Task.CompletedTask;
    }

    private static async Task ReassignAsync(ServerConnection server, PgBouncerOptions settings, string clone, string role, CancellationToken cancellationToken)
    {
        await using var source = NpgsqlDataSource.Create(new NpgsqlConnectionStringBuilder
        {
            Host = server.DatabaseHost,
            Port = server.DatabasePort,
            Username = settings.TemplateRole,
            Password = settings.TemplatePassword,
            Database = clone,
            ApplicationName = "bibind",
            Pooling = false,
            SearchPath = "pg_catalog",
        });
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        // Who is given an object has to be allowed to create it where it is: so the schemas come first, in whatever order they were made.
        await using var command = new NpgsqlCommand(
            $"""
            do $do$
            declare name text;
            begin
              for name in select nspname from pg_namespace where nspowner = current_user::regrole loop
                execute format('alter schema %I owner to %I', name, {SqlText.Literal(role)});
              end loop;
            end $do$;
            reassign owned by {SqlText.Identifier(settings.TemplateRole)} to {SqlText.Identifier(role)}
            """,
            connection);
        await LeaseFence.EnsureHeldAsync();
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private PgBouncerOptions Pooler(ServerConnection server) =>
        options.Value.PoolerOf(server.Code)
        ?? throw new PermanentFailureException(
            $"The tenants of server '{server.Code}' have roles of their own, and no PgBouncer is configured for it (Database__PgBouncer).");
}
