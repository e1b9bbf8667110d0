using Bibind.Activities.Database;
using Bibind.Durable;
using Npgsql;

namespace Bibind.Activities.Backup.Needs;

/// <summary>Finds out, before a database is dumped, what restoring it will need, and refuses one that could not be restored here.</summary>
internal static class NeedsInspection
{
    private const int NamesShown = 5;

    /// <summary>What restoring the session's database needs.</summary>
    /// <exception cref="PermanentFailureException">A part of it cannot be dumped by us, or could not be restored here.</exception>
    public static async Task<RestoreNeeds> InspectAsync(DatabaseSession session, string database, CancellationToken cancellationToken)
    {
        var connection = session.Connection;
        if (await ReadAsync(connection, NeedsSql.Unreadable, row => row.GetString(0), cancellationToken) is { Count: > 0 } unreadable)
        {
            throw new PermanentFailureException(
                $"No backup of '{database}' can be taken: it holds what '{session.Server.DatabaseUser}' may not read as a whole: {Names(unreadable)}. "
                + "Give it to the application's role, or drop it.");
        }

        var gone = await ReadAsync(
            connection, NeedsSql.LeftOut, row => (Object: new LeftOutObject(row.GetInt64(0), row.GetInt64(1), row.GetString(2)), Loses: row.GetBoolean(3)), cancellationToken);
        if (gone.Where(g => g.Loses).Select(g => g.Object.What).ToList() is { Count: > 0 } lost)
        {
            throw new PermanentFailureException(
                $"A backup of '{database}' could not be restored here: {Names(lost)} need what only a superuser can make "
                + $"({Names([.. gone.Where(g => !g.Loses).Select(g => g.Object.What)])}). Drop it there, or make it an extension that is trusted.");
        }

        return new RestoreNeeds
        {
            ServerMajor = connection.PostgreSqlVersion.Major,
            Extensions = await ReadAsync(connection, NeedsSql.Extensions, row => new NeededExtension(row.GetString(0), row.GetString(1)), cancellationToken),
            LeftOut = [.. gone.Select(g => g.Object)],
            OtherRoles = await ReadAsync(connection, NeedsSql.OtherRoles, row => row.GetString(0), cancellationToken),
            HasMaterializedViews = (await ReadAsync(connection, NeedsSql.HasMaterializedViews, row => row.GetBoolean(0), cancellationToken))[0],
        };
    }

    internal static async Task<List<T>> ReadAsync<T>(
        NpgsqlConnection connection, string sql, Func<NpgsqlDataReader, T> read, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<T>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(read(reader));
        }

        return rows;
    }

    private static string Names(List<string> names) =>
        string.Join(", ", names.Take(NamesShown)) + (names.Count > NamesShown ? $" and {names.Count - NamesShown} more" : string.Empty);
}
