using Npgsql;

namespace Bibind.Functions.Roles;

/// <summary>What a role may.</summary>
internal sealed record RoleInfo(
    string Name, bool CanLogin, bool IsSuperuser, bool BypassesRowSecurity, bool Replicates, bool CreatesRoles, bool CreatesDatabases, bool Inherits);

/// <summary>A role that another one reaches through its memberships.</summary>
/// <param name="Member">Who reaches it.</param>
/// <param name="Through">The role that <paramref name="Member"/> is a member of itself, and that leads there.</param>
/// <param name="Group">What is reached.</param>
internal sealed record RoleReach(string Member, string Through, RoleInfo Group);

/// <summary>A database and who has it.</summary>
internal sealed record DatabaseOwnership(string Name, string Owner, bool IsTemplate, bool AllowsConnections, bool IsOpenToPublic);

/// <summary>Reads roles, memberships and databases of a cluster from its shared catalogue.</summary>
internal sealed class ClusterRoles(NpgsqlConnection connection)
{
    private const string Attributes =
        "r.rolname::text, r.rolcanlogin, r.rolsuper, r.rolbypassrls, r.rolreplication, r.rolcreaterole, r.rolcreatedb, r.rolinherit";

    private const string RolesSql = $"select {Attributes} from pg_roles r where r.rolname = any($1)";

    private const string ReachSql = $"""
        with recursive up(member, through, oid) as (
          select m.member, m.roleid, m.roleid from pg_auth_members m join pg_roles r on r.oid = m.member where r.rolname = any($1)
          union
          select up.member, up.through, m.roleid from up join pg_auth_members m on m.member = up.oid
        )
        select pg_get_userbyid(up.member)::text, pg_get_userbyid(up.through)::text, {Attributes} from up join pg_roles r on r.oid = up.oid
        order by 1, 2, 3
        """;

    private const string DatabasesSql = """
        select d.datname::text, pg_get_userbyid(d.datdba)::text, d.datistemplate, d.datallowconn,
               exists (select from aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a where a.grantee = 0 and a.privilege_type = 'CONNECT')
        from pg_database d where d.datname not in ('postgres', 'template0', 'template1') order by 1
        """;

    /// <summary>Version 16 told apart inheriting the rights of a role and setting it.</summary>
    public bool TellsMembershipApart => connection.PostgreSqlVersion.Major >= 16;

    /// <summary>The roles of these names that there are.</summary>
    public async Task<IReadOnlyDictionary<string, RoleInfo>> FindAsync(IReadOnlyList<string> names, CancellationToken cancellation) =>
        (await QueryAsync(RolesSql, row => Sight(row, 0), cancellation, (object)names.ToArray())).ToDictionary(r => r.Name, StringComparer.Ordinal);

    /// <summary>Everything that these roles reach through memberships, direct or not.</summary>
    public Task<List<RoleReach>> FindReachAsync(IReadOnlyList<string> names, CancellationToken cancellation) =>
        QueryAsync(ReachSql, row => new RoleReach(row.GetString(0), row.GetString(1), Sight(row, 2)), cancellation, (object)names.ToArray());

    /// <summary>The databases, without PostgreSQL's own.</summary>
    public Task<List<DatabaseOwnership>> ListDatabasesAsync(CancellationToken cancellation) => QueryAsync(
        DatabasesSql,
        row => new DatabaseOwnership(row.GetString(0), row.GetString(1), row.GetBoolean(2), row.GetBoolean(3), row.GetBoolean(4)),
        cancellation);

    /// <summary>True if a role has the rights of another without asking, and may become it.</summary>
    public async Task<(bool Inherits, bool MaySet)> ActsForAsync(string member, string role, CancellationToken cancellation)
    {
        var maySet = TellsMembershipApart ? "pg_has_role($1, $2, 'SET')" : "pg_has_role($1, $2, 'MEMBER')";
        var found = await QueryAsync(
            $"select pg_has_role($1, $2, 'USAGE'), {maySet}", row => (row.GetBoolean(0), row.GetBoolean(1)), cancellation, member, role);
        return found[0];
    }

    /// <summary>True if a role may connect to a database.</summary>
    public async Task<bool> MayConnectAsync(string role, string database, CancellationToken cancellation) =>
        (await QueryAsync("select has_database_privilege($1, $2, 'CONNECT')", row => row.GetBoolean(0), cancellation, role, database))[0];

    private async Task<List<T>> QueryAsync<T>(string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellation, params object[] parameters)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        foreach (var parameter in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = parameter });
        }

        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellation))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static RoleInfo Sight(NpgsqlDataReader row, int first) => new(
        row.GetString(first), row.GetBoolean(first + 1), row.GetBoolean(first + 2), row.GetBoolean(first + 3), row.GetBoolean(first + 4),
        row.GetBoolean(first + 5), row.GetBoolean(first + 6), row.GetBoolean(first + 7));
}
