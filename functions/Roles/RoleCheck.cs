using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Roles;

/// <summary>
/// Finds where the roles of a server have more than they need, or less: what lies in tenants' databases must not reach the control
/// database, other databases by way of the maintenance role, or the operating system. All faults at once, each with its remedy.
/// </summary>
internal sealed class RoleCheck(NpgsqlDataSource control)
{
    // What reaches files, programs or everybody's rows.
    private static readonly HashSet<string> TooMuchForAnyone = new(StringComparer.Ordinal)
    {
        "pg_execute_server_program", "pg_read_server_files", "pg_write_server_files", "pg_read_all_data", "pg_write_all_data",
        "pg_maintain", "pg_create_subscription",
    };

    // What tells of neighbours, or ends their sessions.
    private static readonly HashSet<string> TooMuchForTenants = new(StringComparer.Ordinal)
    {
        "pg_monitor", "pg_read_all_stats", "pg_read_all_settings", "pg_stat_scan_tables", "pg_signal_backend", "pg_signal_autovacuum_worker",
        "pg_checkpoint", "pg_use_reserved_connections",
    };

    /// <summary>What is wrong; empty if nothing is.</summary>
    /// <param name="connection">To <c>postgres</c> on the server, as the maintenance role.</param>
    /// <param name="server">Its roles.</param>
    /// <param name="templates">Names of template databases that should be there.</param>
    /// <param name="cancellation">Ends the wait.</param>
    public async Task<IReadOnlyList<string>> FindFaultsAsync(
        NpgsqlConnection connection, ServerConnection server, IReadOnlyCollection<string> templates, CancellationToken cancellation)
    {
        var cluster = new ClusterRoles(connection);
        var (user, role) = (server.DatabaseUser, server.ApplicationRole);
        var roles = await cluster.FindAsync([user, role], cancellation);
        List<string> faults = [];
        if (user == role)
        {
            faults.Add($"'{user}' is both the maintenance role and the application's: give the server another databaseUser (docs/postgres-roles.md).");
        }

        if (!roles[user].CreatesDatabases && !roles[user].IsSuperuser)
        {
            faults.Add($"'{user}' may not create databases: ALTER ROLE {SqlNames.Quote(user)} CREATEDB.");
        }

        AddAttributes(faults, roles[user], mayCreateRoles: cluster.TellsMembershipApart);
        if (!roles.TryGetValue(role, out var application))
        {
            faults.Add($"The application's role '{role}' does not exist: create it, or name the one that the application connects as.");
        }
        else if (user != role)
        {
            AddAttributes(faults, application, mayCreateRoles: false);
            await AddMembershipAsync(faults, cluster, user, role, cancellation);
        }

        await AddReachAsync(faults, cluster, [user, role], user, cancellation);
        await AddControlAsync(faults, connection, cluster, [.. roles.Keys], cancellation);
        await AddTemplatesAsync(faults, cluster, server, templates, cancellation);
        return faults;
    }

    private static void AddAttributes(List<string> faults, RoleInfo role, bool mayCreateRoles)
    {
        var name = SqlNames.Quote(role.Name);
        if (role.IsSuperuser)
        {
            faults.Add($"'{role.Name}' is a superuser: ALTER ROLE {name} NOSUPERUSER, or name another role.");
        }

        if (role.BypassesRowSecurity)
        {
            faults.Add($"'{role.Name}' bypasses row security: ALTER ROLE {name} NOBYPASSRLS.");
        }

        if (role.Replicates)
        {
            faults.Add($"'{role.Name}' may replicate, which reads every database: ALTER ROLE {name} NOREPLICATION.");
        }

        if (role.CreatesRoles && !mayCreateRoles)
        {
            faults.Add($"'{role.Name}' may create and change roles: ALTER ROLE {name} NOCREATEROLE.");
        }
    }

    private static async Task AddMembershipAsync(List<string> faults, ClusterRoles cluster, string user, string role, CancellationToken cancellation)
    {
        var (inherits, maySet) = await cluster.ActsForAsync(user, role, cancellation);
        if (inherits && maySet)
        {
            return;
        }

        var with = cluster.TellsMembershipApart ? " WITH INHERIT TRUE, SET TRUE" : string.Empty;
        var inherit = cluster.TellsMembershipApart || inherits || !maySet ? string.Empty : $"; ALTER ROLE {SqlNames.Quote(user)} INHERIT";
        faults.Add($"'{user}' may not act for the application's role: GRANT {SqlNames.Quote(role)} TO {SqlNames.Quote(user)}{with}{inherit}.");
    }

    private static async Task AddReachAsync(
        List<string> faults, ClusterRoles cluster, IReadOnlyList<string> members, string maintenance, CancellationToken cancellation)
    {
        foreach (var reach in (await cluster.FindReachAsync(members, cancellation)).Where(r => LeadsUp(r, maintenance)))
        {
            // Where the maintenance role reaches up through the application's, that one's own line says it.
            if (reach.Member == maintenance && members.Contains(reach.Through))
            {
                continue;
            }

            var way = reach.Through == reach.Group.Name ? string.Empty : $" through '{reach.Through}'";
            faults.Add(
                $"'{reach.Member}' is a member of '{reach.Group.Name}'{way}, which is more than it needs: "
                + $"REVOKE {SqlNames.Quote(reach.Through)} FROM {SqlNames.Quote(reach.Member)}.");
        }
    }

    /// <summary>True if a membership gives what neither the maintenance role nor the application's may have.</summary>
    internal static bool LeadsUp(RoleReach reach, string maintenance)
    {
        var group = reach.Group;
        return group.IsSuperuser || group.BypassesRowSecurity || group.Replicates || group.CreatesRoles
            || TooMuchForAnyone.Contains(group.Name)
            || (reach.Member != maintenance && (group.Name == maintenance || TooMuchForTenants.Contains(group.Name)));
    }

    private async Task AddControlAsync(
        List<string> faults, NpgsqlConnection connection, ClusterRoles cluster, IReadOnlyList<string> roles, CancellationToken cancellation)
    {
        var at = await ControlCluster.ReadAsync(control, cancellation);
        if (!await at.IsAtAsync(connection, cancellation))
        {
            return;
        }

        var name = SqlNames.Quote(at.Database);
        var database = (await cluster.ListDatabasesAsync(cancellation)).Single(d => d.Name == at.Database);
        if (database.IsOpenToPublic)
        {
            faults.Add($"Every role may connect to the control database: REVOKE CONNECT ON DATABASE {name} FROM PUBLIC.");
        }

        foreach (var role in roles)
        {
            if (role == database.Owner)
            {
                faults.Add($"'{role}' owns the control database '{at.Database}': name another maintenance role (docs/postgres-roles.md).");
            }
            else if (role == at.Role)
            {
                faults.Add($"'{role}' is who the host enters the control database as: name another maintenance role (docs/postgres-roles.md).");
            }
            else if (!database.IsOpenToPublic && await cluster.MayConnectAsync(role, at.Database, cancellation))
            {
                faults.Add($"'{role}' may connect to the control database: REVOKE CONNECT ON DATABASE {name} FROM {SqlNames.Quote(role)}.");
            }
        }

        foreach (var reach in (await cluster.FindReachAsync(roles, cancellation)).Where(r => r.Group.Name == database.Owner || r.Group.Name == at.Role))
        {
            faults.Add(
                $"'{reach.Member}' is a member of '{reach.Group.Name}', the control plane's role: "
                + $"REVOKE {SqlNames.Quote(reach.Through)} FROM {SqlNames.Quote(reach.Member)}.");
        }
    }

    private static async Task AddTemplatesAsync(
        List<string> faults, ClusterRoles cluster, ServerConnection server, IReadOnlyCollection<string> templates, CancellationToken cancellation)
    {
        if (templates.Count == 0)
        {
            return;
        }

        foreach (var database in (await cluster.ListDatabasesAsync(cancellation)).Where(d => templates.Contains(d.Name)))
        {
            if (database.Owner != server.DatabaseUser || database.AllowsConnections || database.IsOpenToPublic)
            {
                var remedy = string.Join("; ", TemplateLock.Statements(database.Name, server.DatabaseUser, server.ApplicationRole));
                faults.Add($"The template '{database.Name}' can be opened or changed by others than '{server.DatabaseUser}': {remedy}.");
            }
        }
    }
}
