using Bibind.ControlPlane.Servers;
using Npgsql;

namespace Bibind.Functions.Roles;

/// <summary>One change to a cluster, and why.</summary>
/// <param name="Why">For people.</param>
/// <param name="Sql">What is shown; passwords are left out.</param>
/// <param name="Statement">What is run.</param>
internal sealed record RoleStep(string Why, string Sql, string Statement)
{
    public static RoleStep Of(string why, string sql) => new(why, sql, sql);
}

/// <summary>What the plan is made for.</summary>
/// <param name="Server">The server as it is registered.</param>
/// <param name="Maintenance">The maintenance role that it should have.</param>
/// <param name="MaintenancePassword">Its password.</param>
/// <param name="MakesMaintenance">True if that role is not the one the server is registered with.</param>
/// <param name="ApplicationPassword">The password that the application logs in with.</param>
/// <param name="SetsApplicationPassword">True if PostgreSQL refuses that password now.</param>
/// <param name="Templates">Its template databases.</param>
/// <param name="Tenants">Its tenants' databases.</param>
internal sealed record RoleWish(
    Server Server,
    string Maintenance,
    string MaintenancePassword,
    bool MakesMaintenance,
    string ApplicationPassword,
    bool SetsApplicationPassword,
    IReadOnlyCollection<string> Templates,
    IReadOnlyCollection<string> Tenants);

/// <summary>Works out what separates a cluster from the roles that it should have. A cluster that is right needs nothing.</summary>
internal sealed class RolePlan(NpgsqlConnection administrator, RoleWish wish, ControlCluster? control)
{
    private const string Hidden = "'…'";

    private readonly ClusterRoles _cluster = new(administrator);
    private readonly List<RoleStep> _steps = [];

    private string Application => wish.Server.ApplicationRole;

    /// <summary>The steps, in the order in which they are run.</summary>
    public async Task<IReadOnlyList<RoleStep>> MakeAsync(CancellationToken cancellation)
    {
        var roles = await _cluster.FindAsync([wish.Maintenance, Application], cancellation);
        AddMaintenance(roles.GetValueOrDefault(wish.Maintenance));
        AddApplication(roles.GetValueOrDefault(Application)
            ?? throw new InvalidOperationException($"The application's role '{Application}' does not exist on the server."));
        await AddMembershipAsync(roles.ContainsKey(wish.Maintenance), cancellation);
        await AddReachAsync(cancellation);
        var databases = await _cluster.ListDatabasesAsync(cancellation);
        if (control is not null)
        {
            await AddControlAsync(control, databases, cancellation);
        }

        AddDatabases(databases);
        return _steps;
    }

    private void AddMaintenance(RoleInfo? there)
    {
        const string Modest = "LOGIN CREATEDB NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS";
        var name = SqlNames.Quote(wish.Maintenance);
        if (there is null || wish.MakesMaintenance)
        {
            var verb = there is null ? "CREATE" : "ALTER";
            _steps.Add(new RoleStep(
                "Databases are made and dropped by a role of its own, which neither owns the control database nor enters any other.",
                $"{verb} ROLE {name} {Modest} PASSWORD {Hidden}",
                $"{verb} ROLE {name} {Modest} PASSWORD {SqlNames.Literal(wish.MaintenancePassword)}"));
        }
        else if (there.IsSuperuser || there.BypassesRowSecurity || there.Replicates || there.CreatesRoles || !there.CreatesDatabases || !there.CanLogin)
        {
            _steps.Add(RoleStep.Of("The maintenance role may create databases and nothing else.", $"ALTER ROLE {name} {Modest}"));
        }
    }

    private void AddApplication(RoleInfo there)
    {
        var name = SqlNames.Quote(Application);
        if (there.IsSuperuser || there.BypassesRowSecurity || there.Replicates || there.CreatesRoles || !there.CanLogin)
        {
            _steps.Add(RoleStep.Of(
                "Tenants run SQL as the application's role.", $"ALTER ROLE {name} LOGIN NOSUPERUSER NOCREATEROLE NOREPLICATION NOBYPASSRLS"));
        }

        if (wish.SetsApplicationPassword)
        {
            _steps.Add(new RoleStep(
                "PostgreSQL refuses the password in Roles__ApplicationPassword now. The application must be told the same one.",
                $"ALTER ROLE {name} PASSWORD {Hidden}",
                $"ALTER ROLE {name} PASSWORD {SqlNames.Literal(wish.ApplicationPassword)}"));
        }
    }

    private async Task AddMembershipAsync(bool isThere, CancellationToken cancellation)
    {
        if (isThere && await _cluster.ActsForAsync(wish.Maintenance, Application, cancellation) is { Inherits: true, MaySet: true })
        {
            return;
        }

        var with = _cluster.TellsMembershipApart ? " WITH INHERIT TRUE, SET TRUE" : string.Empty;
        _steps.Add(RoleStep.Of(
            "The maintenance role hands databases over to the application's role, and drops them.",
            $"GRANT {SqlNames.Quote(Application)} TO {SqlNames.Quote(wish.Maintenance)}{with}"));
        if (!_cluster.TellsMembershipApart && isThere)
        {
            _steps.Add(RoleStep.Of("It needs the rights without asking for them.", $"ALTER ROLE {SqlNames.Quote(wish.Maintenance)} INHERIT"));
        }
    }

    private async Task AddReachAsync(CancellationToken cancellation)
    {
        var up = (await _cluster.FindReachAsync([wish.Maintenance, Application], cancellation))
            .Where(r => RoleCheck.LeadsUp(r, wish.Maintenance) || r.Group.Name == control?.Role || r.Group.Name == wish.Server.DbUser && wish.MakesMaintenance)
            .Where(r => r.Through != Application)
            .GroupBy(r => (r.Member, r.Through));
        foreach (var reach in up)
        {
            _steps.Add(RoleStep.Of(
                $"Through it '{reach.Key.Member}' has what '{reach.First().Group.Name}' has.",
                $"REVOKE {SqlNames.Quote(reach.Key.Through)} FROM {SqlNames.Quote(reach.Key.Member)}"));
        }
    }

    private async Task AddControlAsync(ControlCluster at, List<DatabaseOwnership> databases, CancellationToken cancellation)
    {
        var name = SqlNames.Quote(at.Database);
        var role = (await _cluster.FindAsync([at.Role], cancellation))[at.Role];
        var database = databases.Single(d => d.Name == at.Database);
        if (database.Owner == wish.Maintenance || database.Owner == Application)
        {
            _steps.Add(RoleStep.Of("The control database belongs to the control plane's role alone.", $"ALTER DATABASE {name} OWNER TO {SqlNames.Quote(at.Role)}"));
        }

        if (database.IsOpenToPublic)
        {
            _steps.Add(RoleStep.Of("Nobody else enters the control database.", $"REVOKE ALL ON DATABASE {name} FROM PUBLIC"));
        }

        foreach (var other in new[] { wish.Maintenance, Application }.Where(o => o != at.Role))
        {
            if ((await _cluster.FindAsync([other], cancellation)).Count > 0 && !database.IsOpenToPublic && database.Owner != other
                && await _cluster.MayConnectAsync(other, at.Database, cancellation))
            {
                _steps.Add(RoleStep.Of("Nobody else enters the control database.", $"REVOKE ALL ON DATABASE {name} FROM {SqlNames.Quote(other)}"));
            }
        }

        foreach (var reach in await _cluster.FindReachAsync([at.Role], cancellation))
        {
            if (reach.Through == Application || reach.Through == wish.Maintenance)
            {
                _steps.Add(RoleStep.Of(
                    "The control plane's role enters nothing but the control database.", $"REVOKE {SqlNames.Quote(reach.Through)} FROM {SqlNames.Quote(at.Role)}"));
            }
        }

        if (role is { CreatesDatabases: true, IsSuperuser: false })
        {
            _steps.Add(RoleStep.Of("The control plane's role makes no databases.", $"ALTER ROLE {SqlNames.Quote(at.Role)} NOCREATEDB"));
        }
    }

    private void AddDatabases(List<DatabaseOwnership> databases)
    {
        foreach (var database in databases.Where(d => d.Name != control?.Database))
        {
            var name = SqlNames.Quote(database.Name);
            if (wish.Templates.Contains(database.Name))
            {
                if (database.Owner != wish.Maintenance || database.AllowsConnections || database.IsOpenToPublic)
                {
                    _steps.AddRange(TemplateLock.Statements(database.Name, wish.Maintenance, Application)
                        .Select(sql => RoleStep.Of("What is planted in a template runs in every clone of it: nobody opens or changes it.", sql)));
                }
            }
            else if (wish.MakesMaintenance && database.Owner == wish.Server.DbUser && wish.Server.DbUser != Application && database.IsTemplate)
            {
                _steps.Add(RoleStep.Of(
                    "It is being made, and is held back from the application.", $"ALTER DATABASE {name} OWNER TO {SqlNames.Quote(wish.Maintenance)}"));
                _steps.Add(RoleStep.Of("Nobody enters it but who configures it.", $"REVOKE ALL ON DATABASE {name} FROM PUBLIC"));
                _steps.Add(RoleStep.Of("It is configured as the application's role.", $"GRANT CONNECT, TEMPORARY ON DATABASE {name} TO {SqlNames.Quote(Application)}"));
            }
            else if (wish.Tenants.Contains(database.Name))
            {
                AddTenant(database, name);
            }
        }
    }

    private void AddTenant(DatabaseOwnership database, string name)
    {
        if (database.IsOpenToPublic)
        {
            _steps.Add(RoleStep.Of("Only its own role enters a tenant's database.", $"REVOKE CONNECT ON DATABASE {name} FROM PUBLIC"));
        }

        if (wish.MakesMaintenance && wish.Server.DbUser != Application && database.Owner == wish.Server.DbUser)
        {
            _steps.Add(RoleStep.Of("A tenant's database belongs to the application's role.", $"ALTER DATABASE {name} OWNER TO {SqlNames.Quote(Application)}"));
        }
        else if (wish.MakesMaintenance && wish.Server.DbUser != Application)
        {
            _steps.Add(RoleStep.Of("The former maintenance role enters it no more.", $"REVOKE ALL ON DATABASE {name} FROM {SqlNames.Quote(wish.Server.DbUser)}"));
        }
    }
}
