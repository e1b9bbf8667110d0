using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>The templates in the control database.</summary>
public sealed class TemplateStore(NpgsqlDataSource database, JobStore jobs, TimeProvider time) : ITemplateDirectory
{
    private const string Select =
        "select m.*, s.code as server_code from control.templates m join control.servers s on s.id = m.server_id";

    /// <summary>
    /// Opens the making of a template in the caller's transaction: the row in state creating, and the job. A draft or
    /// a failed one is made again.
    /// </summary>
    /// <exception cref="ArgumentException">The order does not pass <see cref="TemplateValidation"/>.</exception>
    public async Task<TemplateResult> BeginCreateAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewTemplate order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var (server, existing, refused) = await CheckAsync(connection, transaction, order, cancellationToken);
        if (refused is not null)
        {
            return refused;
        }

        if (existing is { State: TemplateStates.Creating or TemplateStates.Ready })
        {
            return new TemplateRefused(
                TemplateRefusalKind.TemplateExists, "code",
                $"Template '{order.Code}' on server '{order.Server}' is {existing.State} already: choose another code or server.");
        }

        var template = await WriteAsync(connection, transaction, order, server!, TemplateStates.Creating, null, cancellationToken);
        var subject = $"{order.Server}/{order.Code}";
        var attempt = 1 + await connection.ExecuteScalarAsync<int>(Sql.Command(
            "select count(*)::int from control.jobs where kind = @Kind and subject = @subject",
            new { Kind = JobKinds.CreateTemplate, subject }, transaction, cancellationToken));
        var jobId = $"create-template-{order.Code}-{template.Id}-{attempt}";
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.CreateTemplate, Subject = subject, RequestedBy = order.RequestedBy }, cancellationToken);
        return new TemplateCreation(template, jobId);
    }

    /// <inheritdoc cref="AttachAsync(NewTemplate, FoundTemplate, CancellationToken)"/>
    public Task<TemplateResult> AttachAsync(NewTemplate order, string contentHash, long bytes, CancellationToken cancellationToken) =>
        AttachAsync(order, new FoundTemplate(contentHash, bytes), cancellationToken);

    /// <summary>Makes a template of a database that is on the server already; attaching the same one again renews what is known of it.</summary>
    /// <exception cref="ArgumentException">The order does not pass <see cref="TemplateValidation"/>.</exception>
    public async Task<TemplateResult> AttachAsync(NewTemplate order, FoundTemplate found, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(found);
        ArgumentException.ThrowIfNullOrWhiteSpace(found.ContentHash);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var (server, existing, refused) = await CheckAsync(connection, transaction, order, cancellationToken);
        if (refused is not null)
        {
            return refused;
        }

        if (existing is { State: TemplateStates.Creating }
            || (existing is { State: TemplateStates.Ready } && existing.Database != order.DatabaseName))
        {
            return new TemplateRefused(
                TemplateRefusalKind.TemplateExists, "code",
                $"Template '{order.Code}' on server '{order.Server}' is {existing.State} already, with database '{existing.Database}'.");
        }

        var template = await WriteAsync(
            connection, transaction, order, server!, found.Problem is null ? TemplateStates.Ready : TemplateStates.Failed, found, cancellationToken);
        await TemplateVersionRows.FollowAsync(connection, transaction, template.Id, order.RequestedBy, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        return new TemplateAttached(template);
    }

    /// <summary>The template with this id, or null.</summary>
    public async Task<Template?> GetAsync(long id, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Template>(Sql.Command($"{Select} where m.id = @id", new { id }, cancellationToken));
    }

    /// <summary>The template with this code on this server, or null.</summary>
    public async Task<Template?> FindAsync(string serverCode, string code, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QuerySingleOrDefaultAsync<Template>(Sql.Command(
            $"{Select} where s.code = @serverCode and m.code = @code", new { serverCode, code }, cancellationToken));
    }

    /// <summary>Templates, by server and code.</summary>
    public async Task<IReadOnlyList<Template>> ListAsync(TemplateFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(filter);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<Template>(Sql.Command(
            $"""
            {Select}
            where (@ServerCode::text is null or s.code = @ServerCode)
              and (@Code::text is null or m.code = @Code)
              and (@State::text is null or m.state = @State)
            order by s.sequence, s.code, m.code
            """,
            new { filter.ServerCode, filter.Code, filter.State }, cancellationToken))).AsList();
    }

    /// <summary>Gives every template with this code its family, or takes it away.</summary>
    /// <returns>How many there are.</returns>
    public async Task<int> SetFamilyAsync(string code, string? family, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command("update control.templates set family = @family where code = @code", new { code, family }, cancellationToken));
    }

    /// <summary>The templates that come with the product.</summary>
    public async Task<IReadOnlyList<CatalogueTemplate>> ListCatalogueAsync(CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<CatalogueTemplate>(Sql.Command(
            "select code, name, modules from control.template_catalogue order by code", null, cancellationToken))).AsList();
    }

    /// <inheritdoc/>
    /// <exception cref="PermanentFailureException">There is no such template, or it is not being made.</exception>
    public Task MarkReadyAsync(
        long templateId, string jobId, string contentHash, long bytes, TemplateContents? contents, CancellationToken cancellationToken) =>
        EndAsync(
            templateId,
            jobId,
            """
            update control.templates set
              state = 'ready', reason = null, content_hash = @contentHash, bytes = @bytes, contents = coalesce(@contents::jsonb, contents),
              ready_at = coalesce(ready_at, @Now)
            where id = @templateId and state in ('creating', 'ready')
            """,
            new { templateId, contentHash, bytes, contents, Now = time.GetUtcNow() },
            t => new JobEnd { Outcome = JobOutcomes.Succeeded, Result = new TemplateReady(t.Code, t.Database, contentHash, bytes) },
            cancellationToken);

    /// <inheritdoc/>
    public async Task LearnAsync(long serverId, string code, TemplateContents contents, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.templates set contents = @contents::jsonb where server_id = @serverId and code = @code and contents is null",
            new { serverId, code, contents }, cancellationToken));
    }

    /// <inheritdoc/>
    /// <exception cref="PermanentFailureException">There is no such template, or it is not being made.</exception>
    public Task MarkFailedAsync(long templateId, string jobId, string reason, CancellationToken cancellationToken) =>
        EndAsync(
            templateId,
            jobId,
            "update control.templates set state = 'failed', reason = @reason where id = @templateId and state in ('creating', 'failed')",
            new { templateId, reason },
            _ => new JobEnd { Outcome = JobOutcomes.Failed, Reason = reason },
            cancellationToken);

    private async Task EndAsync(
        long id, string jobId, string update, object parameters, Func<Template, JobEnd> end, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(Sql.Command(update, parameters, transaction, cancellationToken));
        var template = await connection.QuerySingleOrDefaultAsync<Template>(Sql.Command(
            $"{Select} where m.id = @id", new { id }, transaction, cancellationToken))
            ?? throw new PermanentFailureException($"There is no template {id} in the control database.");
        if (changed == 0)
        {
            throw new PermanentFailureException($"Template '{template.Code}' on server '{template.ServerCode}' is {template.State}: it is not being made.");
        }

        await TemplateVersionRows.FollowAsync(connection, transaction, id, TemplateVersionRows.Maker, cancellationToken);
        await jobs.FinishAsync(connection, transaction, jobId, end(template), cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    // The server's lock keeps orders and other templates away from the database name until the row is written.
    private static async Task<(Server? Server, Template? Existing, TemplateRefused? Refused)> CheckAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewTemplate order, CancellationToken cancellationToken)
    {
        if (TemplateValidation.Check(order) is { Count: > 0 } errors)
        {
            throw new ArgumentException($"The template is not valid: {string.Join(", ", errors.Keys)}.", nameof(order));
        }

        var server = await connection.QuerySingleOrDefaultAsync<Server>(Sql.Command(
            "select * from control.servers where code = @Server for no key update", new { order.Server }, transaction, cancellationToken));
        if (server is null)
        {
            return (null, null, new TemplateRefused(TemplateRefusalKind.UnknownServer, "server", $"There is no server '{order.Server}': register it first."));
        }

        if (server.State != ServerStates.Active)
        {
            return (null, null, new TemplateRefused(
                TemplateRefusalKind.ServerNotActive, "server", $"Server '{order.Server}' is {server.State}: activate it first."));
        }

        var taken = await connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"""
            select exists (select from control.tenants t where t.server_id = @Id and t.database = @DatabaseName and {TenantStates.IsLive})
                or exists (select from control.templates m where m.server_id = @Id and m.database = @DatabaseName and m.code <> @Code)
            """,
            new { server.Id, order.DatabaseName, order.Code }, transaction, cancellationToken));
        if (taken)
        {
            return (null, null, new TemplateRefused(
                TemplateRefusalKind.DatabaseTaken, "database",
                $"Server '{order.Server}' has a database '{order.DatabaseName}' of a tenant or another template: choose another name."));
        }

        var existing = await connection.QuerySingleOrDefaultAsync<Template>(Sql.Command(
            $"{Select} where m.server_id = @Id and m.code = @Code", new { server.Id, order.Code }, transaction, cancellationToken));
        return (server, existing, null);
    }

    private async Task<Template> WriteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewTemplate order, Server server,
        string state, FoundTemplate? found, CancellationToken cancellationToken)
    {
        var id = await connection.ExecuteScalarAsync<long>(Sql.Command(
            """
            insert into control.templates as m (
              code, name, server_id, database, modules, language, version, state, reason, content_hash, bytes, contents,
              warm_pool_size, family, created_at, ready_at)
            values (
              @Code,
              coalesce(@Name, (select c.name from control.template_catalogue c where c.code = @Code), @Code),
              @ServerId, @DatabaseName,
              coalesce(@Modules::text[], (select c.modules from control.template_catalogue c where c.code = @Code), '{base,web,mail,portal}'),
              @Language, @Version, @state, @Problem, @ContentHash, @Bytes, @Contents::jsonb, @WarmPoolSize, @Family, @Now, case when @state = 'ready' then @Now end)
            on conflict (server_id, code) do update set
              name = excluded.name, database = excluded.database, modules = excluded.modules, language = excluded.language,
              version = excluded.version, state = excluded.state, reason = excluded.reason, content_hash = excluded.content_hash,
              bytes = excluded.bytes, contents = excluded.contents, warm_pool_size = excluded.warm_pool_size, family = coalesce(excluded.family, m.family),
              ready_at = excluded.ready_at
            returning m.id
            """,
            new
            {
                order.Code,
                order.Name,
                ServerId = server.Id,
                order.DatabaseName,
                Modules = order.Modules?.ToArray(),
                order.Language,
                order.Version,
                state,
                found?.Problem,
                found?.ContentHash,
                found?.Bytes,
                found?.Contents,
                order.WarmPoolSize,
                order.Family,
                Now = time.GetUtcNow(),
            },
            transaction, cancellationToken));
        return await connection.QuerySingleAsync<Template>(Sql.Command($"{Select} where m.id = @id", new { id }, transaction, cancellationToken));
    }
}
