using Bibind.Activities.Database;
using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>
/// Tells a running application that its database was changed under it. Each of its processes compares numbers at every request:
/// 16 keeps one sequence for all caches, 17 and 18 one for each, 19 a table for each.
/// </summary>
internal static class OdooSignals
{
    private const string FindSql = """
        select c.relname::text, c.relkind = 'S' from pg_class c
        where c.relnamespace = to_regnamespace('public')
          and ((c.relkind = 'S' and c.relname ~ '^base_(cache|registry)_signaling') or (c.relkind = 'r' and c.relname ~ '^orm_signaling_'))
        order by 1
        """;

    /// <summary>Has every process forget what it keeps of the database. To be called when the change is committed: a sequence is seen at once.</summary>
    public static async Task ForgetCachesAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var (name, isSequence) in await FindAsync(connection, cancellationToken))
        {
            // Compiled scripts and the models are as they were.
            if (!name.EndsWith("registry", StringComparison.Ordinal) && !name.StartsWith("base_registry", StringComparison.Ordinal)
                && !name.EndsWith("assets", StringComparison.Ordinal))
            {
                await RaiseAsync(connection, name, isSequence, cancellationToken);
            }
        }
    }

    /// <summary>
    /// Gives a database that takes the place of another numbers that no process can have seen in it: one that goes on with what it
    /// remembers of the former would take the latter for the same.
    /// </summary>
    public static async Task BeginAnewAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        foreach (var (name, isSequence) in await FindAsync(connection, cancellationToken))
        {
            var quoted = $"public.{SqlText.Identifier(name)}";
            var sql = isSequence
                ? $"select setval({SqlText.Literal(quoted)}::regclass, (select last_value from {quoted}) + 1 + (random() * 1000000)::bigint)"
                : $"insert into {quoted} (id) select coalesce(max(id), 0) + 1 + (random() * 1000000)::int from {quoted}";
            await RunAsync(connection, sql, cancellationToken);
            if (!isSequence)
            {
                await RunAsync(
                    connection,
                    $"select setval(pg_get_serial_sequence({SqlText.Literal(quoted)}, 'id'), (select max(id) from {quoted}))", cancellationToken);
            }
        }
    }

    private static Task RaiseAsync(NpgsqlConnection connection, string name, bool isSequence, CancellationToken cancellationToken)
    {
        var quoted = $"public.{SqlText.Identifier(name)}";
        return RunAsync(
            connection, isSequence ? $"select nextval({SqlText.Literal(quoted)}::regclass)" : $"insert into {quoted} default values", cancellationToken);
    }

    private static async Task RunAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<IReadOnlyList<(string Name, bool IsSequence)>> FindAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(FindSql, connection);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var found = new List<(string, bool)>();
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add((reader.GetString(0), reader.GetBoolean(1)));
        }

        return found;
    }
}
