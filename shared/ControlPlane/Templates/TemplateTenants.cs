using Bibind.ControlPlane.Tenants;
using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Templates;

/// <summary>A tenant and the version of its template that it was cloned from.</summary>
public sealed record TemplateTenant
{
    public string Code { get; init; } = string.Empty;

    /// <summary>One of <see cref="TenantStates"/>.</summary>
    public string State { get; init; } = string.Empty;
    public string ServerCode { get; init; } = string.Empty;
    public int Number { get; init; }
    public string? ContentHash { get; init; }

    /// <summary>True if orders take the same version today.</summary>
    public bool IsCurrent { get; init; }
    public DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Says which live tenants came from which version of a template: what an upgrade has to reach.</summary>
public sealed class TemplateTenants(NpgsqlDataSource database)
{
    /// <summary>Tenants by page: those of the oldest version first.</summary>
    public async Task<Page<TemplateTenant>> ListAsync(string code, string? serverCode, int? number, PageRequest page, CancellationToken cancellationToken)
    {
        page = page.Checked();

        // By the template's ids, so that the index of live tenants serves it.
        const string From =
            $"""
            from control.tenants t join control.servers s on s.id = t.server_id
            where t.template_id = any(@Ids) and {TenantStates.IsLive} and (@number::integer is null or t.template_number = @number)
            """;
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        var ids = (await connection.QueryAsync<long>(Sql.Command(
            """
            select m.id from control.templates m join control.servers s on s.id = m.server_id
            where m.code = @code and (@serverCode::text is null or s.code = @serverCode)
            """,
            new { code, serverCode }, cancellationToken))).ToArray();
        var parameters = new { Ids = ids, number, page.Offset, page.Size };
        var total = await connection.ExecuteScalarAsync<long>(Sql.Command($"select count(*) {From}", parameters, cancellationToken));
        var items = await connection.QueryAsync<TemplateTenant>(Sql.Command(
            $"""
            select t.code, t.state, s.code as server_code, t.template_number as number, t.template_version as content_hash, t.created_at,
                   exists (select from control.template_versions v
                           where v.template_id = t.template_id and v.number = t.template_number and v.state = 'current') as is_current
            {From} order by t.template_number, t.id offset @Offset limit @Size
            """,
            parameters, cancellationToken));
        return new Page<TemplateTenant>(items.AsList(), total, page.Number, page.Size);
    }
}
