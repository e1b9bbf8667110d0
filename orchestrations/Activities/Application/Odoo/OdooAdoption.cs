using Bibind.Activities.Credentials;
using Bibind.Contracts;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Makes a copy of a tenant's database another tenant's: identity, secrets and our passwords are new, and nothing goes out in the other's name.</summary>
internal static class OdooAdoption
{
    private const string FindAdministratorSql =
        "select u.id from public.ir_model_data d join public.res_users u on u.id = d.res_id where d.module = 'base' and d.name = 'user_admin'";

    /// <summary>Adds the statements.</summary>
    /// <exception cref="PermanentFailureException">The database has no administrator.</exception>
    public static async Task AddAsync(
        SqlSteps steps, NpgsqlConnection connection, OdooTables tables, TenantDescriptor place, string administratorHash, string userHash, DateTimeOffset now,
        CancellationToken cancellationToken)
    {
        await using var who = new NpgsqlCommand(FindAdministratorSql, connection);
        var administrator = (int?)await who.ExecuteScalarAsync(cancellationToken)
            ?? throw new PermanentFailureException("The backup's database has no administrator (base.user_admin), so nobody could be given it.");
        OdooIdentity.Write(steps, tables, place, now);
        OdooIdentity.Silence(steps, tables, CopyOf.Tenant, now);
        steps.Add(
            "update public.res_users set login = $2, password = $3, active = true where id = $1", administrator, TenantSecrets.AdministratorLogin, administratorHash);
        steps.Add("update public.res_users set password = $2 where login = $1 and id <> $3", TenantSecrets.UserLogin(place), userHash, administrator);
    }
}
