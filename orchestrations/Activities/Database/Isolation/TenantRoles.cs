using System.Globalization;
using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Database.Isolation;

/// <summary>
/// The PostgreSQL roles of tenants that have one. They are made and removed by functions of the database <c>postgres</c>
/// (<c>tenant-isolation.sql</c>): the maintenance role itself may not create roles.
/// </summary>
internal static class TenantRoles
{
    /// <summary>The name of the schema with the functions.</summary>
    public const string Schema = "bibind_roles";

    /// <summary>The tenant's role; the id keeps it apart from another tenant that once had the same code.</summary>
    public static string NameOf(TenantDescriptor place)
    {
        ArgumentNullException.ThrowIfNull(place);
        return string.Create(CultureInfo.InvariantCulture, $"t_{place.Code.Replace('-', '_')}_{place.TenantId}");
    }

    /// <summary>Makes the role, or gives the one that is there its password and nothing else.</summary>
    public static Task PutAsync(MaintenanceSession session, string role, string password, CancellationToken cancellationToken) =>
        TranslateErrorsAsync(session, () => session.ExecuteAsync(
            $"select {Schema}.put_tenant_role($1, $2)", cancellationToken, role, ScramVerifier.Of(password)));

    /// <summary>Lets the templates' role act for the tenant's while a clone is given away, or no longer.</summary>
    public static Task LendAsync(MaintenanceSession session, string role, string templateRole, bool isLent, CancellationToken cancellationToken) =>
        TranslateErrorsAsync(session, () => session.ExecuteAsync(
            $"select {Schema}.lend_tenant_role($1, $2, $3)", cancellationToken, role, templateRole, isLent));

    /// <summary>Removes the role; succeeds when there is none.</summary>
    public static Task DropAsync(MaintenanceSession session, string role, CancellationToken cancellationToken) =>
        TranslateErrorsAsync(session, () => session.ExecuteAsync($"select {Schema}.drop_tenant_role($1)", cancellationToken, role));

    public static async Task<bool> ExistsAsync(MaintenanceSession session, string role, CancellationToken cancellationToken) =>
        (await session.QueryAsync("select 1 from pg_catalog.pg_roles where rolname = $1", row => row.GetInt32(0), cancellationToken, role)).Count > 0;

    private static async Task TranslateErrorsAsync(MaintenanceSession session, Func<Task> act)
    {
        try
        {
            await act();
        }
        catch (PostgresException missing) when (missing.SqlState is PostgresErrorCodes.InvalidSchemaName or PostgresErrorCodes.UndefinedFunction)
        {
            throw new Durable.PermanentFailureException(
                $"Server '{session.Server.Code}' is not set up for roles of tenants: run the command 'roles apply' (docs/postgres-roles.md).");
        }
        catch (PostgresException used) when (used.SqlState == PostgresErrorCodes.DependentObjectsStillExist)
        {
            throw new TransientFailureException($"The tenant's role cannot be removed yet: {used.MessageText} ({used.Detail}).", used);
        }
    }
}
