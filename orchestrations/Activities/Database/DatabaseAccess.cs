namespace Bibind.Activities.Database;

/// <summary>Who may connect to a database that is not handed over: nobody, or the one login that fills and configures it.</summary>
internal static class DatabaseAccess
{
    /// <summary>Opens a database for one role and nobody else. It was made without connections: nobody was in it before.</summary>
    public static Task OpenAsync(MaintenanceSession session, string name, string role, CancellationToken cancellationToken)
    {
        var database = SqlText.Identifier(name);
        return session.ExecuteAsync(
            $"""
            revoke all on database {database} from public;
            grant connect, temporary on database {database} to {SqlText.Identifier(role)};
            alter database {database} allow_connections true
            """,
            cancellationToken);
    }
}
