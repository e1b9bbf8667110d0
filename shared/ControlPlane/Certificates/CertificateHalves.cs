using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Certificates;

/// <summary>
/// Compares the register with the secrets: a process that ends between the two leaves one without the other. Both lie in
/// the control database.
/// </summary>
public sealed class CertificateHalves(NpgsqlDataSource database)
{
    /// <summary>Names of certificates of which only the secret or only the row is there.</summary>
    public async Task<IReadOnlyList<string>> FindAsync(int limit, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return (await connection.QueryAsync<string>(Sql.Command(
            """
            select s.name from control.secrets s
            where (starts_with(s.name, 'certificates/tenants/') or starts_with(s.name, 'certificates/platform/'))
              and s.name not like '%/pending-order'
              and not exists (select from control.certificates c where c.name = s.name)
            union all
            select c.name from control.certificates c
            where not exists (select from control.secrets s where s.name = c.name)
            limit @limit
            """,
            new { limit }, cancellationToken))).AsList();
    }

    /// <summary>True if a tenant that lives is reached by this host name, so that it needs a certificate.</summary>
    public async Task<bool> IsWantedAsync(long tenantId, string host, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(
            """
            select exists (
              select from control.tenants t
              where t.id = @tenantId and t.state in ('active', 'suspended')
                and (t.host = @host or exists (select from control.domains d where d.tenant_id = t.id and d.name = @host and d.state = 'active')))
            """,
            new { tenantId, host }, cancellationToken));
    }
}
