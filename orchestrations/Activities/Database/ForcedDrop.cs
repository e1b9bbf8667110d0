using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Drops a database whoever is connected to it. Whether it may be dropped is for the caller to know.</summary>
internal static class ForcedDrop
{
    /// <summary>Succeeds when there is none.</summary>
    /// <exception cref="TransientFailureException">Something that only others can end holds it; says what.</exception>
    public static async Task RunAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        if (await DatabaseCatalogue.LookAsync(session, name, cancellationToken) is not { } sight)
        {
            return;
        }

        // What a DROP that was interrupted left refuses every ALTER, and nobody can connect to it.
        if (!sight.IsInvalid)
        {
            await DatabaseHolds.RefuseAsync(session, sight, "dropped", cancellationToken);
            if (!await TryCloseAsync(session, name, cancellationToken))
            {
                return;
            }
        }

        try
        {
            await DropAsync(session, name, force: !sight.IsInvalid, cancellationToken);
            if (sight.IsInvalid)
            {
                session.Logger.InvalidDatabaseDropped(name, session.Server.Code);
            }
        }
        catch (PostgresException busy) when (busy.SqlState == PostgresErrorCodes.ObjectInUse)
        {
            // What came after we looked is named, and let in again where that ends it.
            if (await DatabaseCatalogue.LookAsync(session, name, cancellationToken) is { IsInvalid: false } still)
            {
                await DatabaseHolds.RefuseAsync(session, still, "dropped", cancellationToken);
            }

            throw;
        }
    }

    // Refusing connections keeps the application from coming back between the statements.
    private static async Task<bool> TryCloseAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        try
        {
            await session.ExecuteAsync($"alter database {SqlText.Identifier(name)} is_template false allow_connections false", cancellationToken);
            return true;
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            return false;
        }
        catch (PostgresException half) when (half.SqlState == PostgresErrorCodes.ObjectNotInPrerequisiteState)
        {
            // Another attempt's DROP was interrupted since we looked.
            return true;
        }
    }

    private static async Task DropAsync(MaintenanceSession session, string name, bool force, CancellationToken cancellationToken)
    {
        var plain = $"drop database if exists {SqlText.Identifier(name)}";
        try
        {
            await session.ExecuteAsync(force ? $"{plain} with (force)" : plain, cancellationToken);
        }
        catch (PostgresException refused) when (force && refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // It refuses as a whole where one session is a superuser's, and takes an autovacuum worker for one. Without force
            // PostgreSQL ends such workers and waits five seconds for the others.
            await DatabaseSessions.EndAsync(session, name, cancellationToken);
            await session.ExecuteAsync(plain, cancellationToken);
        }
    }
}
