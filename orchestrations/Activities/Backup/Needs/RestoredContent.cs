using Bibind.Activities.Database;
using Npgsql;

namespace Bibind.Activities.Backup.Needs;

/// <summary>What a restored database needs before it is used: its materialized views are filled, and the planner knows its tables.</summary>
internal static class RestoredContent
{
    private const int MinutesAtMost = 10;

    private const string EmptyViewsSql = """
        select n.nspname::text, c.relname::text from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
        where c.relkind = 'm' and not c.relispopulated
        """;

    /// <summary>Fills the views in the order in which they were filled when the dump was taken; answers, in words, which could not be.</summary>
    public static async Task<IReadOnlyList<string>> FillViewsAsync(DatabaseSession session, IReadOnlyList<string> views, CancellationToken cancellationToken)
    {
        if (views.Count == 0)
        {
            return [];
        }

        await LimitAsync(session.Connection, cancellationToken);
        var empty = await NeedsInspection.ReadAsync(session.Connection, EmptyViewsSql, row => (Schema: row.GetString(0), Name: row.GetString(1)), cancellationToken);
        var notes = new List<string>();
        foreach (var view in views)
        {
            if (empty.FirstOrDefault(e => view.StartsWith($"{e.Schema} {e.Name} ", StringComparison.Ordinal)) is not { Name: { } name } found)
            {
                continue;
            }

            try
            {
                await RunAsync(session.Connection, $"refresh materialized view {SqlText.Identifier(found.Schema)}.{SqlText.Identifier(name)}", cancellationToken);
            }
            catch (PostgresException refused) when (!refused.IsTransient)
            {
                notes.Add($"The materialized view '{name}' is empty, because it could not be filled: {refused.MessageText}.");
            }
        }

        return notes;
    }

    /// <summary>Counts what is in the tables for the planner; where it takes too long or fails, PostgreSQL does it later by itself.</summary>
    public static async Task AnalyzeAsync(DatabaseSession session, CancellationToken cancellationToken)
    {
        await LimitAsync(session.Connection, cancellationToken);
        try
        {
            await RunAsync(session.Connection, "analyze (skip_locked)", cancellationToken);
        }
        catch (PostgresException refused) when (!refused.IsTransient)
        {
            // An index over a function that fails, or the time limit: the data is there all the same.
        }
    }

    private static Task LimitAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        RunAsync(connection, $"set statement_timeout = '{MinutesAtMost}min'", cancellationToken);

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection) { CommandTimeout = (MinutesAtMost * 60) + 30 };
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}
