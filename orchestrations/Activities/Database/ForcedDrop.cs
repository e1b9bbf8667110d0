using Npgsql;

namespace Bibind.Activities.Database;

/// <summary>Drops a database whoever is connected to it.</summary>
internal static class ForcedDrop
{
    /// <summary>Succeeds when there is none.</summary>
    /// <exception cref="PostgresException">With <c>object_in_use</c>: sessions of a superuser, which we may not end, stayed.</exception>
    public static async Task RunAsync(MaintenanceSession session, string name, CancellationToken cancellationToken)
    {
        var database = SqlText.Identifier(name);
        try
        {
            // Refusing connections keeps the application from coming back between the statements.
            await session.ExecuteAsync($"alter database {database} is_template false allow_connections false", cancellationToken);
        }
        catch (PostgresException gone) when (gone.SqlState == PostgresErrorCodes.InvalidCatalogName)
        {
            return;
        }

        try
        {
            await session.ExecuteAsync($"drop database if exists {database} with (force)", cancellationToken);
        }
        catch (PostgresException refused) when (refused.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            // It refuses as a whole where one session is a superuser's, and takes an autovacuum worker for one. Without force
            // PostgreSQL ends such workers and waits five seconds for the others.
            await DatabaseSessions.EndAsync(session, name, cancellationToken);
            await session.ExecuteAsync($"drop database if exists {database}", cancellationToken);
        }
    }
}
