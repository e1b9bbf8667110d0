using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Looks whether a tenant's database is its own.</summary>
internal static class OdooFaults
{
    private const string AdministratorSql = """
        select u.password like '$pbkdf2-sha512$%' and u.active from public.ir_model_data m join public.res_users u on u.id = m.res_id
        where m.module = 'base' and m.name = 'user_admin'
        """;

    private const string ParametersSql = """
        select key, value from public.ir_config_parameter
        where key in ('database.uuid', 'database.secret', 'web.base.url', 'web.base.url.freeze', 'bibind.tenant')
        """;

    public static async Task<IReadOnlyList<string>> FindAsync(NpgsqlConnection connection, TenantDescriptor place, CancellationToken cancellationToken)
    {
        var faults = new List<string>();
        var parameters = new Dictionary<string, string>(StringComparer.Ordinal);
        await using var batch = new NpgsqlBatch(connection) { BatchCommands = { new(AdministratorSql), new(ParametersSql) } };
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        Check(await reader.ReadAsync(cancellationToken) && !reader.IsDBNull(0) && reader.GetBoolean(0), "its administrator has no password");
        await reader.NextResultAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            parameters[reader.GetString(0)] = reader.GetString(1);
        }

        Check(Guid.TryParse(parameters.GetValueOrDefault("database.uuid"), out _), "it has no uuid");
        Check(Guid.TryParse(parameters.GetValueOrDefault("database.secret"), out _), "it has no secret");
        Check(parameters.GetValueOrDefault("web.base.url") == place.BaseUrl, "its address is not the tenant's");
        Check(parameters.GetValueOrDefault("web.base.url.freeze") == "True", "its address is not frozen");
        Check(OdooIdentity.IsTenants(parameters.GetValueOrDefault(OdooIdentity.TenantKey), place), "it was configured for another tenant");
        return faults;

        void Check(bool isRight, string fault)
        {
            if (!isRight)
            {
                faults.Add(fault);
            }
        }
    }
}
