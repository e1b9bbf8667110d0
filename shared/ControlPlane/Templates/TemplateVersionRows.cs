using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>The rows of versions, as every store of them reads and locks them.</summary>
internal static class TemplateVersionRows
{
    /// <summary>Who made a version that came with its template.</summary>
    public const string Maker = "template";

    public const string Select =
        """
        select v.*, m.code, m.application, s.code as server_code
        from control.template_versions v
        join control.templates m on m.id = v.template_id
        join control.servers s on s.id = v.server_id
        """;

    /// <summary>
    /// Locks the template's server and then the template, in the order in which orders lock: whoever changes versions and whoever
    /// chooses one wait for each other.
    /// </summary>
    /// <returns>The template, as it stands under the lock; null if there is none.</returns>
    public static async Task<Template?> LockAsync(NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(Sql.Command(
            "select from control.servers s where s.id = (select server_id from control.templates where id = @templateId) for no key update",
            new { templateId }, transaction, cancellationToken));
        await connection.ExecuteAsync(Sql.Command(
            "select from control.templates where id = @templateId for no key update", new { templateId }, transaction, cancellationToken));
        return await connection.QuerySingleOrDefaultAsync<Template>(Sql.Command(
            "select m.*, s.code as server_code from control.templates m join control.servers s on s.id = m.server_id where m.id = @templateId",
            new { templateId }, transaction, cancellationToken));
    }

    public static Task<TemplateVersion?> FindAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long templateId, int number, CancellationToken cancellationToken) =>
        connection.QuerySingleOrDefaultAsync<TemplateVersion>(Sql.Command(
            $"{Select} where v.template_id = @templateId and v.number = @number", new { templateId, number }, transaction, cancellationToken));

    public static async Task<IReadOnlyList<TemplateVersion>> ListAsync(
        NpgsqlConnection connection, NpgsqlTransaction? transaction, long templateId, CancellationToken cancellationToken) =>
        (await connection.QueryAsync<TemplateVersion>(Sql.Command(
            $"{Select} where v.template_id = @templateId order by v.number", new { templateId }, transaction, cancellationToken))).AsList();

    /// <summary>
    /// What a template was made or attached with is its first version; what was found when it was attached again is its current one's.
    /// A host of the version before makes templates without versions: whoever changes any sees to it first. One that failed and was made
    /// again with another database has a version more; nothing is known of what became of the former database, so it is not dropped.
    /// </summary>
    public static Task FollowAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, long templateId, string requestedBy, CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            update control.template_versions v
            set content_hash = m.content_hash, contents = m.contents, bytes = m.bytes
            from control.templates m
            where m.id = @templateId and m.state = 'ready' and v.template_id = m.id and v.state = 'current' and v.database = m.database
              and (v.content_hash, v.bytes, v.contents) is distinct from (m.content_hash, m.bytes, m.contents);

            update control.template_versions v set state = 'retired', retired_at = m.ready_at, dropped_at = m.ready_at
            from control.templates m
            where m.id = @templateId and m.state = 'ready' and v.template_id = m.id and v.state = 'current' and v.database <> m.database;

            insert into control.template_versions (
              template_id, number, server_id, state, database, modules, language, country, version, content_hash, contents, bytes, job_id, requested_by,
              created_at, ready_at, promoted_at)
            select m.id, 1 + (select coalesce(max(v.number), 0) from control.template_versions v where v.template_id = m.id), m.server_id, 'current', m.database, m.modules, m.language, m.contents ->> 'fiscalCountry', m.version, m.content_hash, m.contents,
                   m.bytes, null, @requestedBy, m.created_at, m.ready_at, m.ready_at
            from control.templates m
            where m.id = @templateId and m.state = 'ready'
              and not exists (select from control.template_versions v where v.template_id = m.id and v.state = 'current')
            on conflict do nothing
            """,
            new { templateId, requestedBy }, transaction, cancellationToken));

    /// <summary>Records who did what, and why.</summary>
    public static Task NoteAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, TemplateVersion version, string action, string who, string why, DateTimeOffset now,
        CancellationToken cancellationToken) =>
        connection.ExecuteAsync(Sql.Command(
            """
            insert into control.template_version_changes (template_id, number, action, changed_by, reason, changed_at)
            values (@TemplateId, @Number, @action, @who, @why, @now)
            """,
            new { version.TemplateId, version.Number, action, who, why, now }, transaction, cancellationToken));

    /// <summary>The id of the template's next job of a kind; the template's row is locked, or two at once would get the same.</summary>
    public static async Task<string> NextJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string kind, TemplateVersion version, CancellationToken cancellationToken)
    {
        var prefix = FormattableString.Invariant($"{kind}-{version.Code}-{version.TemplateId}-{version.Number}-");
        var before = await connection.ExecuteScalarAsync<int>(Sql.Command(
            "select count(*)::int from control.jobs where kind = @kind and subject = @Subject and starts_with(id, @prefix)",
            new { kind, Subject = SubjectOf(version), prefix }, transaction, cancellationToken));
        return FormattableString.Invariant($"{prefix}{before + 1}");
    }

    /// <summary>What a job is about: <c>server/template/version</c>.</summary>
    public static string SubjectOf(TemplateVersion version) => FormattableString.Invariant($"{version.ServerCode}/{version.Code}/{version.Number}");
}
