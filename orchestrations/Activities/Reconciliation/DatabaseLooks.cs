using Bibind.Activities.Database;
using Bibind.ControlPlane.Reconciliation;
using Bibind.ControlPlane.Servers;
using Bibind.Durable;

namespace Bibind.Activities.Reconciliation;

/// <summary>
/// Looks at the databases of many tenants of one server at once, from outside: in PostgreSQL's own catalogue, as the maintenance role on the database
/// <c>postgres</c>. No tenant's database is entered, so nothing that lies in one is run or believed.
/// </summary>
public sealed class DatabaseLooks(PostgresConnector postgres)
{
    private const string ApplicationName = "bibind reconciliation";

    // Of sessions only the role is told: what else they say of themselves anybody can make up.
    private const string SessionsSql =
        """
        select datname::text, count(*), string_agg(distinct usename::text, ', ' order by usename::text) from pg_stat_activity
        where datname = any($1::text[]) and usename is not null and pid <> pg_backend_pid() group by datname
        """;

    /// <summary>What is there of these tenants, which are all on this server.</summary>
    /// <exception cref="ActivityFailureException">The server cannot be asked: nothing is known of any of them.</exception>
    internal async Task<ServerDatabases> LookAsync(long serverId, IReadOnlyList<ReconciledTenant> tenants, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(serverId, ApplicationName, cancellationToken);
        return await session.TranslateErrorsAsync(MaintenanceSession.Database, async () =>
        {
            var named = await DatabaseCatalogue.ListAsync(session, tenants.Select(t => t.Tenant.Database).Distinct(), cancellationToken);
            var numbered = await DatabaseCatalogue.ListAsync(session, tenants.Select(t => t.Facts.DatabaseOid).OfType<long>().Select(o => (uint)o), cancellationToken);
            var shut = tenants.Where(t => t.IsShut).Select(t => t.Tenant.Database).ToArray();
            var sessions = shut.Length == 0
                ? []
                : await session.QueryAsync(
                    SessionsSql, row => (Name: row.GetString(0), Words: $"{row.GetInt64(1)} of {row.GetString(2)}"), cancellationToken, (object)shut);

            // Of one that has ended the name may be another tenant's by now.
            var foreign = new HashSet<long>();
            foreach (var ended in tenants.Where(t => t.HasEnded))
            {
                if (named.Find(d => d.Name == ended.Tenant.Database) is { } there
                    && (!LabelledDatabase.Of(ended.Place).Marks(there.Comment) || await session.Register.FindAsync(serverId, there.Oid, cancellationToken) is not null))
                {
                    foreign.Add(ended.Tenant.Id);
                }
            }

            return new ServerDatabases(
                session.Server, named.ToDictionary(d => d.Name, StringComparer.Ordinal), numbered.ToDictionary(d => d.Oid),
                sessions.ToDictionary(s => s.Name, s => s.Words, StringComparer.Ordinal), foreign);
        });
    }
}

/// <summary>Databases of one server.</summary>
/// <param name="Server">The server.</param>
/// <param name="Named">By their names.</param>
/// <param name="Numbered">By the numbers that we know.</param>
/// <param name="Sessions">Who is connected to databases that are to be shut, in words.</param>
/// <param name="Foreign">Tenants that have ended, and whose database's name another bears.</param>
internal sealed record ServerDatabases(
    ServerConnection Server, IReadOnlyDictionary<string, DatabaseInfo> Named, IReadOnlyDictionary<uint, DatabaseInfo> Numbered,
    IReadOnlyDictionary<string, string> Sessions, IReadOnlySet<long> Foreign)
{
    /// <summary>What differs of a tenant.</summary>
    public IEnumerable<Observation> Compare(ReconciledTenant tenant)
    {
        var name = tenant.Tenant.Database;
        var there = Named.GetValueOrDefault(name);
        var known = tenant.Facts.DatabaseOid is { } oid ? Numbered.GetValueOrDefault((uint)oid) : null;
        if (tenant.HasEnded)
        {
            return (known ?? (Foreign.Contains(tenant.Tenant.Id) ? null : there)) is { } left
                ? [new Observation(FindingKinds.EndedDatabase, left.Name, $"The tenant is {tenant.Tenant.State}, and its database '{left.Name}' (oid {left.Oid}) is on server '{Server.Code}'.")]
                : [];
        }

        if (there is null)
        {
            return
            [
                new Observation(FindingKinds.DatabaseMissing, name, known is null
                    ? $"Server '{Server.Code}' has no database '{name}'."
                    : $"The database of the tenant (oid {known.Oid}) on server '{Server.Code}' has been renamed '{known.Name}'."),
            ];
        }

        if (there.IsInvalid)
        {
            return [new Observation(FindingKinds.DatabaseMissing, name, $"The database '{name}' on server '{Server.Code}' is invalid: a DROP of it was interrupted.")];
        }

        if (tenant.Facts.DatabaseOid is { } expected && there.Oid != expected)
        {
            var words = known is null ? "is gone" : $"has been renamed '{known.Name}'";
            return [new Observation(FindingKinds.DatabaseForeign, name, $"The database '{name}' on server '{Server.Code}' (oid {there.Oid}, of role '{there.Owner}') is not the tenant's, which (oid {expected}) {words}.")];
        }

        return tenant.IsShut ? CompareShut(there) : tenant.Tenant.State == ControlPlane.Tenants.TenantStates.Active ? CompareOpen(there) : [];
    }

    private IEnumerable<Observation> CompareShut(DatabaseInfo there)
    {
        if (there.AllowsConnections || !there.IsOwnedByUs)
        {
            yield return new Observation(
                FindingKinds.SuspendedDatabaseOpen, there.Name,
                $"The tenant is suspended, and its database {(there.AllowsConnections ? "takes connections" : "takes none")} and belongs to role '{there.Owner}'.");
        }
        else if (Sessions.TryGetValue(there.Name, out var sessions))
        {
            yield return new Observation(FindingKinds.SuspendedDatabaseInUse, there.Name, $"The tenant is suspended and its database takes no connections, and there are sessions in it: {sessions}.");
        }
    }

    private IEnumerable<Observation> CompareOpen(DatabaseInfo there)
    {
        if (there.Owner != Server.ApplicationRole)
        {
            yield return new Observation(FindingKinds.DatabaseOwner, there.Name, $"The database belongs to role '{there.Owner}', and should to '{Server.ApplicationRole}'.");
        }

        if (!there.AllowsConnections || there.IsTemplate)
        {
            yield return new Observation(
                FindingKinds.DatabaseShut, there.Name,
                $"The tenant is active, and its database {(there.AllowsConnections ? "is a template, which the application does not list" : "takes no connections")}.");
        }
    }
}
