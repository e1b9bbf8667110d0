using System.Net.Sockets;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Roles;
using Npgsql;

namespace Bibind.Functions.Servers;

/// <summary>Connects to a server's PostgreSQL as provisioning does, with both logins, and checks what provisioning needs and must not have.</summary>
public sealed class DatabaseProbe
{
    private readonly RoleCheck _roles;

    /// <param name="control">The control database, which no role of a server may reach.</param>
    public DatabaseProbe(NpgsqlDataSource control) => _roles = new RoleCheck(control);

    /// <summary>Answers in words; never throws for a cluster that does not answer.</summary>
    /// <param name="server">How to reach it.</param>
    /// <param name="templates">Template databases that should be there.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<CheckResult> CheckAsync(ServerConnection server, IReadOnlyCollection<string> templates, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(server);
        ArgumentNullException.ThrowIfNull(templates);
        string version;
        List<string> faults;
        try
        {
            await using var connection = new NpgsqlConnection(MaintenanceConnection.Describe(server));
            await connection.OpenAsync(cancellation);
            version = connection.PostgreSqlVersion.ToString();
            faults = [.. await _roles.FindFaultsAsync(connection, server, templates, cancellation)];
        }
        catch (Exception failure) when (failure is NpgsqlException or SocketException or TimeoutException)
        {
            return new CheckResult(false, DatabaseErrors.Explain(failure, server, server.DatabaseUser, MaintenanceConnection.TimeoutSeconds));
        }

        if (await FindLoginFaultAsync(server, cancellation) is { } login)
        {
            faults.Add(login);
        }

        return faults.Count == 0
            ? new CheckResult(true, $"PostgreSQL {version} answers; '{server.DatabaseUser}' may create databases and act for '{server.ApplicationRole}'.")
            : new CheckResult(false, string.Join(' ', faults));
    }

    private static async Task<string?> FindLoginFaultAsync(ServerConnection server, CancellationToken cancellation)
    {
        var role = server.ApplicationRole;
        if (server.ApplicationPassword is not { } password)
        {
            return $"The password of the application's role '{role}' is not known, so no tenant's database can be entered: "
                + "run 'roles plan' and 'roles apply' of the host (docs/postgres-roles.md).";
        }

        try
        {
            await using var connection = new NpgsqlConnection(MaintenanceConnection.Describe(server, role, password));
            await connection.OpenAsync(cancellation);
            return null;
        }
        catch (Exception failure) when (failure is NpgsqlException or SocketException or TimeoutException)
        {
            return DatabaseErrors.Explain(failure, server, role, MaintenanceConnection.TimeoutSeconds);
        }
    }
}
