using System.Globalization;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Tenants;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>The servers in the control database.</summary>
public sealed class ServerStore(NpgsqlDataSource database, ISecretStore secrets, TimeProvider time, ILogger<ServerStore> logger)
{
    private const string Select =
        $"""
        select s.*, (select count(*)::int from control.tenants t where t.server_id = s.id and {TenantStates.IsLive}) as tenant_count
        from control.servers s
        """;

    /// <summary>Registers a server as a draft, with a draft of every template of the catalogue.</summary>
    /// <exception cref="ArgumentException">The order does not pass <see cref="ServerValidation"/>.</exception>
    public async Task<ServerCreationResult> CreateAsync(NewServer server, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        if (ServerValidation.Check(server) is { Count: > 0 } errors)
        {
            throw new ArgumentException($"The server is not valid: {string.Join(", ", errors.Keys)}.", nameof(server));
        }

        var id = await NextIdAsync(cancellationToken);

        // Secrets first: a row without its password would be a server that nobody can reach or register again. What
        // is left after a crash in between is a secret of an id that is never given out again.
        var passwordSecret = DatabaseSecret(id);
        var applicationSecret = ApplicationSecret(id);
        var masterSecret = server.MasterPassword is null ? null : MasterSecret(id);
        await secrets.SetAsync(passwordSecret, server.DatabasePassword, cancellationToken);
        await secrets.SetAsync(applicationSecret, server.ApplicationPassword, cancellationToken);
        if (masterSecret is not null)
        {
            await secrets.SetAsync(masterSecret, server.MasterPassword!, cancellationToken);
        }

        if (await InsertAsync(id, server, passwordSecret, applicationSecret, masterSecret, cancellationToken))
        {
            return new ServerCreated((await GetAsync(id, cancellationToken))!);
        }

        await secrets.DeleteAsync($"servers/{id}", cancellationToken);
        return await FindAsync(server.Code, cancellationToken) is not null
            ? new ServerRefused("code", $"A server with the code '{server.Code}' exists already: choose another code.")
            : new ServerRefused("url", $"A server with the address '{ServerValidation.CanonicalUrl(server.Url)}' exists already: each server is registered once.");
    }

    /// <summary>All servers, in their sequence.</summary>
    public async Task<IReadOnlyList<Server>> ListAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Server>(Sql.Command($"{Select} order by s.sequence, s.code", null, cancellationToken))).AsList();
    }

    /// <summary>The server with this code, or null.</summary>
    public async Task<Server?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command($"{Select} where s.code = @code", new { code }, cancellationToken));
    }

    /// <summary>The server with this id, or null.</summary>
    public async Task<Server?> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command($"{Select} where s.id = @id", new { id }, cancellationToken));
    }

    /// <summary>Puts a server to work. The caller has tested its connection.</summary>
    public Task<ServerStateResult> ActivateAsync(string code, string who, string why, CancellationToken cancellationToken) =>
        ChangeStateAsync(code, ServerStates.Active, who, why, cancellationToken);

    /// <summary>Changes a server's state and records who did it and why; setting the state it has changes nothing.</summary>
    public async Task<ServerStateResult> ChangeStateAsync(string code, string state, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        ArgumentException.ThrowIfNullOrWhiteSpace(why);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);

        // The lock that orders take too: no tenant arrives between the count and the change. It is taken before the
        // count's snapshot, hence two statements.
        await connection.ExecuteAsync(Sql.Command(
            "select 1 from control.servers where code = @code for no key update", new { code }, transaction, cancellationToken));
        var server = await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command(
            $"{Select} where s.code = @code", new { code }, transaction, cancellationToken));
        if (server is null)
        {
            return new ServerStateRefused(ServerStateRefusal.NotFound, $"There is no server '{code}'.");
        }

        if (server.State == state)
        {
            return new ServerStateSet(server, false);
        }

        if (!ServerStates.MayChange(server.State, state))
        {
            return new ServerStateRefused(ServerStateRefusal.NotAllowed, $"Server '{code}' is {server.State}: it cannot become {state}.");
        }

        if (state == ServerStates.Disabled && server.TenantCount > 0)
        {
            return new ServerStateRefused(
                ServerStateRefusal.HasTenants, $"Server '{code}' has {PlainText.Count(server.TenantCount, "tenant")}: move or remove {(server.TenantCount == 1 ? "it" : "them")} before it is disabled.");
        }

        await connection.ExecuteAsync(Sql.Command(
            """
            update control.servers set state = @state where id = @Id;
            insert into control.server_state_changes (server_id, from_state, to_state, changed_by, reason, changed_at)
            values (@Id, @From, @state, @who, @why, @Now);
            """,
            new { server.Id, From = server.State, state, who, why, Now = time.GetUtcNow() }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        Logs.ServerStateChanged(logger, code, server.State, state, who, why);
        return new ServerStateSet(server with { State = state }, true);
    }

    /// <summary>Records what a check found.</summary>
    /// <param name="health">One of <see cref="ServerHealth"/>.</param>
    public async Task RecordHealthAsync(long id, string health, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.servers set health = @health, last_check = @Now where id = @id",
            new { id, health, Now = time.GetUtcNow() }, cancellationToken));
    }

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
            cancellationToken));
        Logs.ServerPasswordsChanged(logger, server.Code, string.Join(", ", changes.Where(c => c.Value is not null).Select(c => c.Name)), who);
    }

    /// <summary>A server's changes of state, oldest first.</summary>
    public async Task<IReadOnlyList<ServerStateChange>> ListStateChangesAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<ServerStateChange>(Sql.Command(
            "select * from control.server_state_changes where server_id = @id order by id", new { id }, cancellationToken))).AsList();
    }

    private static string DatabaseSecret(long id) => string.Create(CultureInfo.InvariantCulture, $"servers/{id}/database-password");

    private static string ApplicationSecret(long id) => string.Create(CultureInfo.InvariantCulture, $"servers/{id}/application-password");

    private static string MasterSecret(long id) => string.Create(CultureInfo.InvariantCulture, $"servers/{id}/master-password");

    private async Task<long> NextIdAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select nextval(pg_get_serial_sequence('control.servers', 'id'))", null, cancellationToken));
    }

    private async Task<bool> InsertAsync(
        long id, NewServer server, string passwordSecret, string applicationSecret, string? masterSecret, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var inserted = await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.servers (
              id, code, name, sequence, description, url, ip, port, ssh_user, ssh_secret, db_host, db_port, db_user,
              application_role, db_password_secret, application_password_secret, master_password_secret, cpu_cores, memory_gb, disk_gb, max_tenants, created_at)
            values (
              @id, @Code, @Name, @Sequence, @Description, @Url, @Ip, @Port, @SshUser, @SshSecret, @DatabaseHost, @DatabasePort,
              @DatabaseUser, @ApplicationRole, @passwordSecret, @applicationSecret, @masterSecret, @CpuCores, @MemoryGb, @DiskGb, @MaxTenants, @Now)
            on conflict do nothing
            """,
            new
            {
                id,
                server.Code,
                server.Name,
                server.Sequence,
                server.Description,
                Url = ServerValidation.CanonicalUrl(server.Url),
                server.Ip,
                server.Port,
                server.SshUser,
                server.SshSecret,
                server.DatabaseHost,
                server.DatabasePort,
                server.DatabaseUser,
                server.ApplicationRole,
                passwordSecret,
                applicationSecret,
                masterSecret,
                server.CpuCores,
                server.MemoryGb,
                server.DiskGb,
                server.MaxTenants,
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
        if (inserted == 0)
        {
            return false;
        }

        // A tenant code holds no underscore, so no tenant's database can be named like a template's.
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.templates (code, name, server_id, database, modules, created_at)
            select code, name, @id, 'template_' || code, modules, @Now from control.template_catalogue
            """,
            new { id, Now = time.GetUtcNow() }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
