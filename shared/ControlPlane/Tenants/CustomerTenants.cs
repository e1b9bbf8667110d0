using Dapper;
using Npgsql;

namespace Bibind.ControlPlane.Tenants;

/// <summary>Which tenants belong to which customer.</summary>
public sealed class CustomerTenants(NpgsqlDataSource database)
{
    private const string OfJob =
        "select exists (select from control.jobs j join control.tenants t on t.id = j.tenant_id where j.id = @id and t.customer = @customer)";

    /// <summary>True if the tenant that the code stands for now, living or ended, is the customer's.</summary>
    public Task<bool> HasTenantAsync(string customer, string code, CancellationToken cancellationToken) => AskAsync(
        $"select exists (select from (select t.customer from control.tenants t {TenantStore.ByCode}) found where found.customer = @customer)",
        new { customer, code }, cancellationToken);

    /// <summary>True if the job is about a tenant of the customer's.</summary>
    public Task<bool> HasJobAsync(string customer, string id, CancellationToken cancellationToken) => AskAsync(OfJob, new { customer, id }, cancellationToken);

    /// <summary>The same within the transaction that opened the job.</summary>
    public static Task<bool> HasJobAsync(
        NpgsqlConnection connection, NpgsqlTransaction transaction, string customer, string id, CancellationToken cancellationToken) =>
        connection.ExecuteScalarAsync<bool>(Sql.Command(OfJob, new { customer, id }, transaction, cancellationToken));

    /// <summary>True if the backup is of a tenant of the customer's.</summary>
    public Task<bool> HasBackupAsync(string customer, string id, CancellationToken cancellationToken) => AskAsync(
        "select exists (select from control.backups b join control.tenants t on t.id = b.tenant_id where b.id = @id and t.customer = @customer)",
        new { customer, id }, cancellationToken);

    /// <summary>True if the token that was made by operators, or by the customer, is the customer's.</summary>
    public Task<bool> HasTokenAsync(string customer, long id, CancellationToken cancellationToken) => AskAsync(
        "select exists (select from control.operator_tokens where id = @id and customer = @customer)", new { customer, id }, cancellationToken);

    /// <summary>Gives the tenant that the code stands for now to a customer, or to nobody; false if there is none.</summary>
    public async Task<bool> AssignAsync(string code, string? customer, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteAsync(Sql.Command(
            $"update control.tenants set customer = @customer where id = (select t.id from control.tenants t {TenantStore.ByCode})",
            new { code, customer }, cancellationToken)) > 0;
    }

    private async Task<bool> AskAsync(string sql, object parameters, CancellationToken cancellationToken)
    {
        await using var connection = await database.OpenConnectionAsync(cancellationToken);
        return await connection.ExecuteScalarAsync<bool>(Sql.Command(sql, parameters, cancellationToken));
    }
}
