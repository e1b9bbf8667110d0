using Bibind.Contracts;
using Bibind.ControlPlane.Databases;
using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Databases of ready clones. They are known by their numbers, whatever somebody named them.</summary>
internal static class PooledDatabases
{
    /// <summary>How every label of a pool database begins. Nobody but us writes the comment of a database that our login owns.</summary>
    public const string LabelStart = "bibind pool=";

    /// <summary>
    /// Gives the ready clone that an order took the name under which tenants' databases are made. One that is gone, was opened or is
    /// held is left to the pool, and the order clones.
    /// </summary>
    public static async Task<bool> TryTakeAsync(MaintenanceSession session, PooledClone pooled, LabelledDatabase target, CancellationToken cancellationToken)
    {
        var found = (await DatabaseCatalogue.ListAsync(session, [(uint)pooled.Oid], cancellationToken)).SingleOrDefault();
        var known = await LabelledDatabases.KnownAsync(session, target.Holder, cancellationToken);
        var problem = found switch
        {
            null => "it is gone",
            { IsInvalid: true } => "a DROP of it was interrupted",
            { IsOwnedByUs: false } => $"it belongs to role '{found.Owner}'",
            { AllowsConnections: true } => "somebody opened it",
            _ when known.Find(found.Oid) is not { Purpose: DatabasePurposes.Pool } => "it is not the tenant's",
            _ => await TryRenameAsync(session, found.Name, target.StagingName, cancellationToken) ? null : "it is in use",
        };
        if (problem is null)
        {
            session.Logger.PooledDatabaseTaken(pooled.Database, target.Name, session.Server.Code);
            return true;
        }

        session.Logger.PooledDatabaseLost(pooled.Database, session.Server.Code, target.Name, problem);
        return false;
    }

    /// <summary>True if the database of that name is the ready clone.</summary>
    public static async Task<bool> IsItAsync(MaintenanceSession session, PooledClone pooled, string name, CancellationToken cancellationToken) =>
        (await DatabaseCatalogue.ListAsync(session, [(uint)pooled.Oid], cancellationToken)).Any(d => d.Name == name);

    // A session that came in while it was open for somebody is ended; whatever holds it otherwise is no order's business.
    private static async Task<bool> TryRenameAsync(MaintenanceSession session, string from, string to, CancellationToken cancellationToken)
    {
        await DatabaseSessions.EndAsync(session, from, cancellationToken);
        try
        {
            await session.ExecuteAsync($"alter database {SqlText.Identifier(from)} rename to {SqlText.Identifier(to)}", cancellationToken);
            return true;
        }
        catch (PostgresException refused) when (refused.SqlState is PostgresErrorCodes.ObjectInUse or PostgresErrorCodes.InvalidCatalogName)
        {
            return false;
        }
    }
}
