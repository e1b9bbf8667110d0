using Dapper;

namespace Bibind.ControlPlane.Tests;

/// <summary>Many tenants at once, for what is done to all of them.</summary>
internal static class TenantFleet
{
    /// <summary>Active tenants <c>t1</c>, <c>t2</c>… that have just been measured: one user and one byte each.</summary>
    public static async Task FillAsync(this TestPlane plane, int count, string plan = "starter")
    {
        await plane.AddServerAsync(maxTenants: 1_000_000);
        await plane.ExecuteAsync(
            $"""
            insert into control.tenants (
              code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at, activated_at)
            select 't' || i, 'T', 'odoo-shared', '{plan}', 'blank', 'blank', (select min(id) from control.servers), 't' || i, 't' || i || '.example.com',
                   'http://t', 't' || i, 'en_US', 'UTC', 'EUR', 'active', 'test', now(), now()
            from generate_series(1, {count}) i;
            insert into control.tenant_usage (tenant_id, server_id, due_at, measured_at, users, database_bytes)
            select id, server_id, now(), now(), 1, 1 from control.tenants;
            analyze control.tenants, control.tenant_usage;
            """);
    }

    public static async Task ExecuteAsync(this TestPlane plane, string sql)
    {
        await using var connection = await plane.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        await connection.ExecuteAsync(sql, commandTimeout: 120);
    }

    public static async Task<IReadOnlyList<string>> QueryAsync(this TestPlane plane, string sql)
    {
        await using var connection = await plane.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return (await connection.QueryAsync<string>(sql)).AsList();
    }
}
