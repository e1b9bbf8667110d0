using Bibind.Contracts;
using Bibind.ControlPlane.Jobs;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Tenants;
using Bibind.Durable;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>The versions of templates in the control database: how they are built, and who came from which.</summary>
public sealed class TemplateVersionStore(NpgsqlDataSource database, JobStore jobs, TimeProvider time)
{
    /// <summary>Opens the building of a template's next version in the caller's transaction: the row in state building, and the job.</summary>
    public async Task<TemplateVersionResult> BeginBuildAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewTemplateVersion order, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        ArgumentNullException.ThrowIfNull(order);
        var id = await connection.QuerySingleOrDefaultAsync<long?>(Sql.Command(
            "select m.id from control.templates m join control.servers s on s.id = m.server_id where s.code = @Server and m.code = @Code",
            new { order.Server, order.Code }, transaction, cancellationToken));
        if (id is not { } templateId || await TemplateVersionRows.LockAsync(connection, transaction, templateId, cancellationToken) is not { } template)
        {
            return new TemplateVersionResult.Refused(
                TemplateVersionRefusal.NotFound, "server", $"There is no template '{order.Code}' on server '{order.Server}': make it there first.");
        }

        if (template.State != TemplateStates.Ready)
        {
            return new TemplateVersionResult.Refused(
                TemplateVersionRefusal.TemplateNotReady, "code",
                $"Template '{order.Code}' on server '{order.Server}' is {template.State}: make or attach it first, a version comes after that.");
        }

        var server = await connection.ExecuteScalarAsync<string>(Sql.Command(
            "select state from control.servers where id = @ServerId", new { template.ServerId }, transaction, cancellationToken));
        if (server != ServerStates.Active)
        {
            return new TemplateVersionResult.Refused(
                TemplateVersionRefusal.ServerNotActive, "server", $"Server '{order.Server}' is {server}: activate it first.");
        }

        await TemplateVersionRows.FollowAsync(connection, transaction, templateId, order.RequestedBy, cancellationToken);
        var number = 1 + await connection.ExecuteScalarAsync<int>(Sql.Command(
            "select coalesce(max(number), 0)::int from control.template_versions where template_id = @templateId", new { templateId }, transaction, cancellationToken));
        var name = order.Database ?? FormattableString.Invariant($"template_{order.Code}_v{number}");
        if (await IsTakenAsync(connection, transaction, template.ServerId, name, cancellationToken))
        {
            return new TemplateVersionResult.Refused(
                TemplateVersionRefusal.DatabaseTaken, "database",
                $"Server '{order.Server}' has a database '{name}' of a tenant, a template or another version: choose another name.");
        }

        return await InsertAsync(connection, transaction, order, template, number, name, cancellationToken);
    }

    /// <summary>The version is a candidate from now on; repeating it changes nothing.</summary>
    /// <exception cref="PermanentFailureException">There is no such version, or it is not being built.</exception>
    public async Task MarkCandidateAsync(
        CreateTemplateOrder version, string contentHash, long bytes, TemplateContents? contents, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(version);
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        var changed = await connection.ExecuteAsync(Sql.Command(
            """
            update control.template_versions set
              state = 'candidate', reason = null, content_hash = @contentHash, bytes = @bytes, contents = coalesce(@contents::jsonb, contents),
              version = coalesce(version, @Version), ready_at = coalesce(ready_at, @Now)
            where template_id = @TemplateId and number = @Number and job_id = @JobId and state in ('building', 'candidate')
            """,
            new { version.TemplateId, version.Number, version.JobId, contentHash, bytes, contents, contents?.Version, Now = time.GetUtcNow() },
            transaction, cancellationToken));
        if (changed == 0)
        {
            throw await NotOfJobAsync(connection, transaction, version, cancellationToken);
        }

        await jobs.FinishAsync(
            connection, transaction, version.JobId,
            new JobEnd { Outcome = JobOutcomes.Succeeded, Result = new TemplateReady(version.Code, version.Database, contentHash, bytes) }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>The version could not be built, and what was made of it is undone; repeating it changes nothing.</summary>
    public async Task MarkFailedAsync(VersionFailure failure, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(failure);
        var version = failure.Version;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        // A candidate whose good end got lost on its way was undone too.
        var changed = await connection.ExecuteAsync(Sql.Command(
            """
            update control.template_versions set state = 'failed', reason = @Reason, canary_percent = 0
            where template_id = @TemplateId and number = @Number and job_id = @JobId and state in ('building', 'candidate', 'failed')
            """,
            new { version.TemplateId, version.Number, version.JobId, failure.Reason }, transaction, cancellationToken));
        if (changed == 0)
        {
            throw await NotOfJobAsync(connection, transaction, version, cancellationToken);
        }

        await jobs.FinishAsync(
            connection, transaction, version.JobId,
            new JobEnd { Outcome = JobOutcomes.Failed, Reason = failure.Reason, Inventory = failure.Inventory }, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }

    /// <summary>One version, or null.</summary>
    public async Task<TemplateVersion?> FindAsync(long templateId, int number, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await TemplateVersionRows.FindAsync(connection, null, templateId, number, cancellationToken);
    }

    /// <summary>How the databases of tenants are named that come from a template, by an offer that has it; null if none has.</summary>
    public async Task<string?> FindDatabasePatternAsync(long templateId, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.QueryFirstOrDefaultAsync<string>(Sql.Command(
            """
            select o.database_pattern from control.offers o join control.templates m on o.default_template in (m.code, m.family)
            where m.id = @templateId order by o.code limit 1
            """,
            new { templateId }, cancellationToken));
    }

    /// <summary>The versions of a template, newest first, each with how many live tenants came from it.</summary>
    public async Task<Page<TemplateVersion>> ListAsync(string code, string? serverCode, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        const string Which = "where m.code = @code and (@serverCode::text is null or s.code = @serverCode)";
        var parameters = new { code, serverCode, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command(
            $"""
            select count(*) from control.template_versions v
            join control.templates m on m.id = v.template_id join control.servers s on s.id = v.server_id {Which}
            """,
            parameters, cancellationToken));
        var items = await connection.QueryAsync<TemplateVersion>(Sql.Command(
            $"""
            select p.*, (select count(*)::int from control.tenants t
                         where t.template_id = p.template_id and t.template_number = p.number and {TenantStates.IsLive}) as tenants
            from ({TemplateVersionRows.Select} {Which} order by s.code, v.number desc offset @Offset limit @Size) p
            order by p.server_code, p.number desc
            """,
            parameters, cancellationToken));
        return new Page<TemplateVersion>(items.AsList(), total, page.Number, page.Size);
    }

    /// <summary>Who did what with a template's versions and why, newest first.</summary>
    public async Task<Page<TemplateVersionChange>> ListChangesAsync(string code, string? serverCode, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();
        const string From =
            """
            from control.template_version_changes c
            join control.templates m on m.id = c.template_id join control.servers s on s.id = m.server_id
            where m.code = @code and (@serverCode::text is null or s.code = @serverCode)
            """;
        var parameters = new { code, serverCode, page.Offset, page.Size };
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {From}", parameters, cancellationToken));
        var items = await connection.QueryAsync<TemplateVersionChange>(Sql.Command(
            $"select s.code as server_code, c.number, c.action, c.changed_by, c.reason, c.changed_at {From} order by c.id desc offset @Offset limit @Size",
            parameters, cancellationToken));
        return new Page<TemplateVersionChange>(items.AsList(), total, page.Number, page.Size);
    }

    private async Task<TemplateVersionResult> InsertAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, NewTemplateVersion order, Template template, int number, string name,
        CancellationToken cancellationToken)
    {
        var now = time.GetUtcNow();
        await connection.ExecuteAsync(Sql.Command(
            """
            insert into control.template_versions (
              template_id, number, server_id, state, database, attached, modules, language, country, version, requested_by, created_at)
            select m.id, @number, m.server_id, 'building', @name, @IsAttached, coalesce(@Modules::text[], m.modules), coalesce(@Language, m.language),
                   coalesce(@Country, (select v.country from control.template_versions v where v.template_id = m.id and v.state = 'current')),
                   @Version, @RequestedBy, @now
            from control.templates m where m.id = @Id
            """,
            new { template.Id, number, name, order.IsAttached, Modules = order.Modules?.ToArray(), order.Language, order.Country, order.Version, order.RequestedBy, now },
            transaction, cancellationToken));
        var version = (await TemplateVersionRows.FindAsync(connection, transaction, template.Id, number, cancellationToken))!;
        var jobId = await TemplateVersionRows.NextJobAsync(connection, transaction, JobKinds.BuildTemplateVersion, version, cancellationToken);
        await connection.ExecuteAsync(Sql.Command(
            "update control.template_versions set job_id = @jobId where template_id = @Id and number = @number", new { jobId, template.Id, number }, transaction, cancellationToken));
        await jobs.InsertAsync(
            connection, transaction,
            new NewJob { Id = jobId, Kind = JobKinds.BuildTemplateVersion, Subject = TemplateVersionRows.SubjectOf(version), RequestedBy = order.RequestedBy },
            cancellationToken);
        await TemplateVersionRows.NoteAsync(
            connection, transaction, version, order.IsAttached ? TemplateVersionActions.Attach : TemplateVersionActions.Build, order.RequestedBy, order.Reason, now,
            cancellationToken);
        return new TemplateVersionResult.Begun(version with { JobId = jobId }, jobId);
    }

    private static Task<bool> IsTakenAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long serverId, string name, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(
            $"""
            select exists (select from control.tenants t where t.server_id = @serverId and t.database = @name and {TenantStates.IsLive})
                or exists (select from control.templates m where m.server_id = @serverId and m.database = @name)
                or exists (select from control.template_versions v
                           where v.server_id = @serverId and v.database = @name and v.state <> 'failed' and v.dropped_at is null)
            """,
            new { serverId, name }, transaction, cancellationToken));

    private static async Task<PermanentFailureException> NotOfJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, CreateTemplateOrder version, CancellationToken cancellationToken) =>
        new(await TemplateVersionRows.FindAsync(connection, transaction, version.TemplateId, version.Number, cancellationToken) is { } there
            ? $"Version {version.Number} of template '{version.Code}' is {there.State}: job '{version.JobId}' does not build it."
            : $"There is no version {version.Number} of template '{version.Code}' in the control database.");
}
