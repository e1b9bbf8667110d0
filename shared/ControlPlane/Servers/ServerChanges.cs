using System.Text.Json;
using Bibind.ControlPlane.Secrets;
using Bibind.ControlPlane.Templates;
using Dapper;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Bibind.ControlPlane.Servers;

/// <summary>Changes, drains and removes servers, and tells what was changed, by whom and why.</summary>
public sealed class ServerChanges(NpgsqlDataSource database, ISecretStore secrets, TimeProvider time, ILogger<ServerChanges> logger)
{
    /// <summary>Changes what is told of a server; what it has tenants for, its application's role, stays.</summary>
    /// <param name="code">Whose.</param>
    /// <param name="seen">Versions that the change may be made of; null for whatever there is.</param>
    /// <param name="fields">What it is to be.</param>
    /// <param name="who">Who changes it.</param>
    /// <param name="why">Why.</param>
    /// <param name="cancellationToken">Cancels the change.</param>
    /// <exception cref="ArgumentException">The fields do not pass <see cref="ServerValidation"/>.</exception>
    public async Task<ServerChangeResult> ChangeAsync(
        string code, IReadOnlyCollection<string>? seen, ServerFields fields, string who, string why, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(fields);
        var errors = ServerValidation.Check(fields);
        if (errors.ContainsKey("url"))
        {
            throw new ArgumentException($"The server's address is not valid: {string.Join("; ", errors["url"])}.", nameof(fields));
        }

        var wanted = fields with { Url = ServerValidation.CanonicalUrl(fields.Url) };
        return await ChangeAsync(code, seen, new ChangedBy(who, why, time.GetUtcNow()), ServerActions.Change, async (connection, transaction, server) =>
        {
            var changes = Differences(server.Fields, wanted);
            if (changes.Count == 0)
            {
                return new Step(changes);
            }

            // What was valid when it was registered stays as it is.
            if (changes.Keys.FirstOrDefault(errors.ContainsKey) is { } wrong)
            {
                throw new ArgumentException($"The server is not valid: {wrong} {string.Join("; ", errors[wrong])}.", nameof(fields));
            }

            if (wanted.ApplicationRole != server.ApplicationRole && server.TenantCount > 0)
            {
                return new Step(changes, new ServerChangeResult.InUse(
                    $"Server '{code}' has {PlainText.Count(server.TenantCount, "tenant")}, whose databases belong to '{server.ApplicationRole}': its applicationRole cannot be changed."));
            }

            return new Step(changes, await WriteAsync(connection, transaction, server.Id, wanted, cancellationToken)
                ? null
                : new ServerChangeResult.Taken("url", $"A server with the address '{wanted.Url}' exists already: each server is registered once."));
        }, cancellationToken);
    }

    /// <summary>Marks a server, which takes no new tenants from then on, or takes the mark away.</summary>
    public Task<ServerChangeResult> SetDrainingAsync(string code, IReadOnlyCollection<string>? seen, bool draining, string who, string why, CancellationToken cancellationToken) =>
        ChangeAsync(
            code, seen, new ChangedBy(who, why, time.GetUtcNow()), draining ? ServerActions.Drain : ServerActions.EndDrain,
            async (connection, transaction, server) =>
            {
                if (server.Draining == draining)
                {
                    return new Step(new Dictionary<string, FieldChange>());
                }

                await connection.ExecuteAsync(Sql.Command(
                    "update control.servers set draining = @draining where id = @Id", new { server.Id, draining }, transaction, cancellationToken));
                return new Step(new Dictionary<string, FieldChange> { ["draining"] = new(server.Draining, draining) });
            },
            cancellationToken);

    /// <summary>
    /// Removes a server that has no tenants: it is forgotten here with its templates, alerts and secrets, and nothing is touched at the
    /// server itself. Its code and address are free again.
    /// </summary>
    public async Task<ServerChangeResult> RemoveAsync(string code, IReadOnlyCollection<string>? seen, string who, string why, CancellationToken cancellationToken)
    {
        var by = new ChangedBy(who, why, time.GetUtcNow());
        var result = await ChangeAsync(code, seen, by, ServerActions.Remove, async (connection, transaction, server) =>
        {
            var changes = new Dictionary<string, FieldChange> { ["state"] = new(server.State, "removed") };
            if (server.TenantCount > 0)
            {
                return new Step(changes, new ServerChangeResult.InUse(
                    $"Server '{code}' has {PlainText.Count(server.TenantCount, "tenant")}: move or remove {(server.TenantCount == 1 ? "it" : "them")} before the server is removed; GET /api/servers/{code}/tenants lists them."));
            }

            if (server.MovedCopies > 0)
            {
                return new Step(changes, new ServerChangeResult.InUse(
                    $"Server '{code}' has {PlainText.Count(server.MovedCopies, "database")} that moves of tenants make or have left: GET /api/moves lists them; confirm them, or wait until their time is up."));
            }

            var making = await connection.ExecuteScalarAsync<string?>(Sql.Command(
                $"""
                select min(m.code) from control.templates m
                where m.server_id = @Id and (m.state = '{TemplateStates.Creating}'
                  or exists (select from control.template_versions v where v.template_id = m.id and v.state in ('building', 'trial')))
                """,
                new { server.Id }, transaction, cancellationToken));
            if (making is not null)
            {
                return new Step(changes, new ServerChangeResult.InUse($"The template '{making}' is being made on server '{code}': wait for the end of its job."));
            }

            await connection.ExecuteAsync(Sql.Command(
                """
                delete from control.pool_entries where server_id = @Id and state <> 'taken';
                delete from control.templates where server_id = @Id;
                delete from control.server_watch where server_id = @Id;
                update control.server_alerts set cleared_at = @At where server_id = @Id and cleared_at is null;
                update control.servers
                set state = 'disabled', removed_at = @At, code = 'removed-' || id, url = 'http://removed-' || id || '.invalid'
                where id = @Id;
                """,
                new { server.Id, by.At }, transaction, cancellationToken));
            return new Step(changes);
        }, cancellationToken);
        if (result is ServerChangeResult.Done { Server: var removed })
        {
            // Last: a crash before leaves secrets that nothing names, and never a server without its own.
            await secrets.DeleteAsync($"servers/{removed.Id}", cancellationToken);
        }

        return result;
    }

    /// <summary>What was changed of a server, the newest first.</summary>
    public async Task<Page<ServerChange>> ListAsync(long serverId, PageRequest page, CancellationToken cancellationToken)
    {
        const string All =
            """
            from (
              select action, changed_by, reason, changes::text as changes, changed_at, id from control.server_changes where server_id = @serverId
              union all
              select 'state', changed_by, reason,
                     jsonb_build_object('state', jsonb_build_object('from', from_state, 'to', to_state))::text, changed_at, id
              from control.server_state_changes where server_id = @serverId) c
            """;
        page = page.Checked();
        var parameters = new { serverId, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {All}", parameters, cancellationToken));
        var items = await connection.QueryAsync<ServerChange>(Sql.Command(
            $"select action, changed_by, reason, changes, changed_at {All} order by changed_at desc, action, id desc offset @Offset limit @Size", parameters, cancellationToken));
        return new Page<ServerChange>(items.AsList(), total, page.Number, page.Size);
    }

    private async Task<ServerChangeResult> ChangeAsync(
        string code, IReadOnlyCollection<string>? seen, ChangedBy by, string action, Func<NpgsqlConnection, NpgsqlTransaction, Server, Task<Step>> change,
        CancellationToken cancellationToken)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(by.Who);
        ArgumentException.ThrowIfNullOrWhiteSpace(by.Why);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (await ServerRows.LockAsync(connection, transaction, code, cancellationToken) is not { } server)
        {
            return new ServerChangeResult.NotFound($"There is no server '{code}'.");
        }

        if (seen is not null && !seen.Contains(server.Version))
        {
            return new ServerChangeResult.Stale(server);
        }

        var step = await change(connection, transaction, server);
        if (step.Refusal is { } refusal)
        {
            return refusal;
        }

        if (step.Changes.Count == 0)
        {
            return new ServerChangeResult.Done(server, false);
        }

        await ServerRows.RecordAsync(connection, transaction, server, action, step.Changes, by, cancellationToken);
        var changed = await connection.QuerySingleAsync<Server>(Sql.Command(
            $"{ServerRows.Select} where s.id = @Id", new { server.Id }, transaction, cancellationToken));
        await transaction.CommitAsync(cancellationToken);
        Logs.ServerChanged(logger, by.Who, code, action, string.Join(", ", step.Changes.Keys), by.Why);
        return new ServerChangeResult.Done(changed, true);
    }

    // By the names that the fields have in JSON; a value and its text are the same where the values are.
    private static Dictionary<string, FieldChange> Differences(ServerFields from, ServerFields to)
    {
        var before = JsonSerializer.SerializeToElement(from, JsonSerializerOptions.Web);
        var after = JsonSerializer.SerializeToElement(to, JsonSerializerOptions.Web);
        return before.EnumerateObject()
            .Select(field => (field.Name, From: field.Value, To: after.GetProperty(field.Name)))
            .Where(f => !JsonElement.DeepEquals(f.From, f.To))
            .ToDictionary(f => f.Name, f => new FieldChange(f.From, f.To), StringComparer.Ordinal);
    }

    // False if another server has the address; the transaction is of no use then.
    private static async Task<bool> WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long id, ServerFields wanted, CancellationToken cancellationToken)
    {
        try
        {
            await connection.ExecuteAsync(Sql.Command(
                """
                update control.servers
                set name = @Name, sequence = @Sequence, description = @Description, url = @Url, ip = @Ip, port = @Port, ssh_user = @SshUser,
                    ssh_secret = @SshSecret, region = @Region, labels = @Labels, db_host = @DatabaseHost, db_port = @DatabasePort,
                    db_user = @DatabaseUser, application_role = @ApplicationRole, cpu_cores = @CpuCores, memory_gb = @MemoryGb, disk_gb = @DiskGb,
                    max_tenants = @MaxTenants
                where id = @id
                """,
                new
                {
                    id,
                    wanted.Name,
                    wanted.Sequence,
                    wanted.Description,
                    wanted.Url,
                    wanted.Ip,
                    wanted.Port,
                    wanted.SshUser,
                    wanted.SshSecret,
                    wanted.Region,
                    Labels = wanted.Labels.ToArray(),
                    wanted.DatabaseHost,
                    wanted.DatabasePort,
                    wanted.DatabaseUser,
                    wanted.ApplicationRole,
                    wanted.CpuCores,
                    wanted.MemoryGb,
                    wanted.DiskGb,
                    wanted.MaxTenants,
                },
                transaction, cancellationToken));
            return true;
        }
        catch (PostgresException taken) when (taken is { SqlState: PostgresErrorCodes.UniqueViolation, ConstraintName: "servers_url_key" })
        {
            return false;
        }
    }

    /// <summary>What was done under the lock, or why not.</summary>
    private sealed record Step(IReadOnlyDictionary<string, FieldChange> Changes, ServerChangeResult? Refusal = null);
}
