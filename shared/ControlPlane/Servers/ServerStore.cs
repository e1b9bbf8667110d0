using Bibind.ControlPlane.Secrets;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>The servers in the control database.</summary>
public sealed class ServerStore(NpgsqlDataSource database, ISecretStore secrets, TimeProvider time, ILogger<ServerStore> logger)
{
    /// <summary>Registers a server as a draft, with a draft of every template of the catalogue.</summary>
    /// <exception cref="ArgumentException">The order does not pass <see cref="ServerValidation"/>.</exception>
    public async Task<ServerCreationResult> CreateAsync(NewServer server, string who, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentException.ThrowIfNullOrWhiteSpace(who);
        if (ServerValidation.Check(server) is { Count: > 0 } errors)
        {
            throw new ArgumentException($"The server is not valid: {string.Join(", ", errors.Keys)}.", nameof(server));
        }

        var id = await NextIdAsync(cancellationToken);

        // Secrets first: a row without its password would be a server that nobody can reach or register again. What
        // is left after a crash in between is a secret of an id that is never given out again.
        var passwordSecret = ServerLogins.DatabaseSecret(id);
        var applicationSecret = ServerLogins.ApplicationSecret(id);
        var masterSecret = server.MasterPassword is null ? null : ServerLogins.MasterSecret(id);
        await secrets.SetAsync(passwordSecret, server.DatabasePassword, cancellationToken);
        await secrets.SetAsync(applicationSecret, server.ApplicationPassword, cancellationToken);
        if (masterSecret is not null)
        {
            await secrets.SetAsync(masterSecret, server.MasterPassword!, cancellationToken);
        }

        if (await InsertAsync(id, server, who, passwordSecret, applicationSecret, masterSecret, cancellationToken))
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
        return (await connection.QueryAsync<Server>(Sql.Command(
            $"{ServerRows.Select} where {ServerRows.IsThere} order by s.sequence, s.code", null, cancellationToken))).AsList();
    }

    /// <summary>Servers by page, in their sequence.</summary>
    public async Task<Page<Server>> ListAsync(ServerFilter filter, PageRequest page, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        const string Where =
            $"""
            where {ServerRows.IsThere}
              and (@State::text is null or s.state = @State)
              and (@Health::text is null or s.health = @Health)
              and (@Region::text is null or s.region = @Region)
              and (@Label::text is null or @Label = any(s.labels))
            """;
        page = page.Checked();
        var parameters = new { filter.State, filter.Health, filter.Region, filter.Label, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) from control.servers s {Where}", parameters, cancellationToken));
        var items = await connection.QueryAsync<Server>(Sql.Command(
            $"{ServerRows.Select} {Where} order by s.sequence, s.code offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<Server>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>The server with this code, or null.</summary>
    public async Task<Server?> FindAsync(string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command(
            $"{ServerRows.Select} where s.code = @code and {ServerRows.IsThere}", new { code }, cancellationToken));
    }

    /// <summary>The server with this id, or null.</summary>
    public async Task<Server?> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command(
            $"{ServerRows.Select} where s.id = @id and {ServerRows.IsThere}", new { id }, cancellationToken));
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
        var server = await ServerRows.LockAsync(connection, transaction, code, cancellationToken);
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

        if (state == ServerStates.Disabled && server.MovedCopies > 0)
        {
            return new ServerStateRefused(
                ServerStateRefusal.HasTenants, $"Server '{code}' has {PlainText.Count(server.MovedCopies, "database")} that moves of tenants make or have left: confirm the moves, or wait until their time is up.");
        }

        await ServerRows.SetStateAsync(connection, transaction, server, state, new ChangedBy(who, why, time.GetUtcNow()), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        Logs.ServerStateChanged(logger, code, server.State, state, who, why);
        return new ServerStateSet(server with { State = state }, true);
    }

    /// <summary>A server's changes of state, oldest first.</summary>
    public async Task<IReadOnlyList<ServerStateChange>> ListStateChangesAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<ServerStateChange>(Sql.Command(
            "select * from control.server_state_changes where server_id = @id order by id", new { id }, cancellationToken))).AsList();
    }

    private async Task<long> NextIdAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<long>(Sql.Command(
            "select nextval(pg_get_serial_sequence('control.servers', 'id'))", null, cancellationToken));
    }

    private async Task<bool> InsertAsync(
        long id, NewServer server, string who, string passwordSecret, string applicationSecret, string? masterSecret, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var inserted = await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.servers (
              id, code, name, sequence, description, url, ip, port, ssh_user, ssh_secret, region, labels, db_host, db_port, db_user,
              application_role, db_password_secret, application_password_secret, master_password_secret, cpu_cores, memory_gb, disk_gb, max_tenants, created_at)
            values (
              @id, @Code, @Name, @Sequence, @Description, @Url, @Ip, @Port, @SshUser, @SshSecret, @Region, @Labels, @DatabaseHost, @DatabasePort,
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
                server.Region,
                Labels = server.Labels.ToArray(),
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
        await ServerRows.RecordAsync(
            connection, transaction, new Server { Id = id, Code = server.Code }, ServerActions.Create, new Dictionary<string, FieldChange>(),
            new ChangedBy(who, "registered", time.GetUtcNow()), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return true;
    }
}
