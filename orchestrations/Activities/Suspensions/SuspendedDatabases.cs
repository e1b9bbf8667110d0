using System.Collections.Concurrent;
using Bibind.Activities.Database;
using Bibind.Activities.Database.Isolation;
using Bibind.Contracts;
using Bibind.ControlPlane.Suspensions;
using Bibind.Durable;
using Microsoft.Extensions.Logging;

namespace Bibind.Activities.Suspensions;

/// <summary>
/// Shuts the databases of suspended tenants. Such a database takes no connections, belongs to the maintenance role, and nobody has the right to
/// connect: a tenant's role can neither enter nor open it, and the application does not even list it. Our own steps that have to read it, backups
/// above all, open it for their own login and for as long as they take.
/// </summary>
public sealed class SuspendedDatabases(
    PostgresConnector postgres, TenantRoleLifecycle roles, ISuspensions suspensions, ILogger<SuspendedDatabases> logger)
{
    // Who has any right on a database. A tenant that owned it may have given rights to whomever he liked.
    private const string GranteesSql =
        """
        select distinct case a.grantee when 0 then null else pg_get_userbyid(a.grantee)::text end
        from pg_database d, aclexplode(d.datacl) a where d.datname = $1 and a.grantee <> d.datdba
        """;

    private readonly ConcurrentDictionary<(long ServerId, string Database), Visitors> _visitors = [];

    /// <summary>Shuts a tenant's database and ends the sessions in it; succeeds when it is shut already.</summary>
    /// <exception cref="PermanentFailureException">It is not there, or not ours.</exception>
    public async Task<DatabaseShut> ShutAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind suspend {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(place.Database, async () =>
        {
            var there = await LabelledDatabases.RequireOursAsync(session, LabelledDatabase.Of(place), "shut", cancellationToken);
            await roles.WithdrawAsync(session.Server, place, cancellationToken);

            // No connections first: who is ended does not come back.
            var database = SqlText.Identifier(there.Name);
            await session.ExecuteAsync(
                $"""
                alter database {database} allow_connections false;
                alter database {database} owner to {SqlText.Identifier(session.Server.DatabaseUser)};
                alter database {database} is_template false;
                revoke all on database {database} from public cascade
                """,
                cancellationToken);
            foreach (var grantee in await session.QueryAsync(GranteesSql, row => row.IsDBNull(0) ? null : row.GetString(0), cancellationToken, there.Name))
            {
                await session.ExecuteAsync($"revoke all on database {database} from {(grantee is null ? "public" : SqlText.Identifier(grantee))} cascade", cancellationToken);
            }

            var ended = await DatabaseSessions.EndAsync(session, there.Name, cancellationToken);
            var others = await DatabaseSessions.FindBeyondUsAsync(session, there.Name, cancellationToken);
            logger.DatabaseShut(there.Name, ended);
            return new DatabaseShut(ended, string.IsNullOrEmpty(others) ? null : $"The database is still in use by {others}, whom we may not end: nobody else can enter it.");
        });
    }

    /// <summary>True if nobody can enter a tenant's database; also if it is not there.</summary>
    internal async Task<bool> IsShutAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind suspend {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(
            place.Database, async () => await DatabaseCatalogue.LookAsync(session, place.Database, cancellationToken) is null or { AllowsConnections: false, IsOwnedByUs: true });
    }

    /// <summary>Lets those in again whom the database is for, in the words of the step that hands it over: the owner follows.</summary>
    internal static Task AllowAsync(MaintenanceSession session, TenantDescriptor place, CancellationToken cancellationToken)
    {
        var database = SqlText.Identifier(place.Database);
        var grant = place.DatabaseRole is { } role ? $"grant connect, create, temporary on database {database} to {SqlText.Identifier(role)};" : string.Empty;
        return session.ExecuteAsync($"{grant} alter database {database} allow_connections true", cancellationToken);
    }

    /// <summary>
    /// Opens a tenant's database for a step of ours, if it is shut, until what is answered is disposed of; of a tenant that is to stay suspended it
    /// is shut again then. Nothing happens to one that is open.
    /// </summary>
    public async Task<IAsyncDisposable> EnterAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        return await suspensions.FindAsync(place.TenantId, cancellationToken) is null
            ? new Visit(null)
            : await VisitAsync(place, () => suspensions.HoldAsync(place.TenantId, () => ShutAsync(place, CancellationToken.None), CancellationToken.None), cancellationToken);
    }

    /// <summary>
    /// As <see cref="EnterAsync"/>, for a copy on a server that the tenant does not live on: one that was made while the tenant was suspended is
    /// shut whatever has become of the tenant since, and stays so.
    /// </summary>
    public Task<IAsyncDisposable> EnterCopyAsync(TenantDescriptor copy, CancellationToken cancellationToken) =>
        VisitAsync(copy, () => ShutAsync(copy, CancellationToken.None), cancellationToken);

    private async Task<IAsyncDisposable> VisitAsync(TenantDescriptor place, Func<Task> shut, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(place);
        var visitors = _visitors.GetOrAdd((place.ServerId, place.Database), _ => new Visitors());
        await visitors.Gate.WaitAsync(cancellationToken);
        try
        {
            if (visitors.Count == 0 && !await TryOpenAsync(place, cancellationToken))
            {
                return new Visit(null);
            }

            visitors.Count++;
            return new Visit(() => LeaveAsync(place, shut));
        }
        finally
        {
            visitors.Gate.Release();
        }
    }

    /// <summary>True if it was shut, and is open for our login.</summary>
    private async Task<bool> TryOpenAsync(TenantDescriptor place, CancellationToken cancellationToken)
    {
        var login = (await postgres.EnterAsync(DatabaseDescriptor.Of(place), cancellationToken)).Login;
        await using var session = await postgres.OpenMaintenanceAsync(place.ServerId, $"bibind enter {place.Code}", cancellationToken);
        return await session.TranslateErrorsAsync(place.Database, async () =>
        {
            var there = await LabelledDatabases.RequireOursAsync(session, LabelledDatabase.Of(place), "entered", cancellationToken);
            if (there.AllowsConnections)
            {
                return false;
            }

            // The tenant may have changed the password of its role.
            await roles.PutAsync(session, place, cancellationToken);
            var database = SqlText.Identifier(there.Name);
            await session.ExecuteAsync(
                $"grant connect, temporary on database {database} to {SqlText.Identifier(login.Role)}; alter database {database} allow_connections true", cancellationToken);
            return true;
        });
    }

    private async Task LeaveAsync(TenantDescriptor place, Func<Task> shut)
    {
        var visitors = _visitors[(place.ServerId, place.Database)];
        await visitors.Gate.WaitAsync(CancellationToken.None);
        try
        {
            if (--visitors.Count == 0)
            {
                // While its row is held, no job begins to open the tenant: what is shut here is not shut behind that job's back.
                using var cleanup = LeaseFence.SuspendForCleanup();
                await shut();
            }
        }
        catch (ActivityFailureException failed)
        {
            // The sweep shuts what was left open; the step itself has done its work.
            logger.DatabaseNotShut(place.Database, failed.Message);
        }
        finally
        {
            visitors.Gate.Release();
        }
    }

    private sealed class Visitors
    {
        public SemaphoreSlim Gate { get; } = new(1, 1);

        public int Count { get; set; }
    }

    private sealed class Visit(Func<Task>? leave) : IAsyncDisposable
    {
        private Func<Task>? _leave = leave;

        public ValueTask DisposeAsync() => Interlocked.Exchange(ref _leave, null) is { } leave ? new ValueTask(leave()) : ValueTask.CompletedTask;
    }
}
