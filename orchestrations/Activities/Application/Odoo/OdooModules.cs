using Npgsql;

namespace Bibind.Activities.Application.Odoo;

/// <summary>What a database says of its modules.</summary>
internal static class OdooModules
{
    private const string Installed = "installed";

    private const string Sql =
        """
        select name::text, coalesce(state, '')::text from public.ir_module_module
        where name = any($1) or state in ('to install', 'to upgrade', 'to remove') order by 1
        """;

    /// <summary>Those that are not ready for use, each with its state.</summary>
    public static async Task<IReadOnlyList<string>> FindUnreadyAsync(NpgsqlConnection connection, IReadOnlyList<string> modules, CancellationToken cancellationToken)
    {
        var states = new SortedDictionary<string, string>(StringComparer.Ordinal);
        await using var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = modules.ToArray() } } };
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            states[reader.GetString(0)] = reader.GetString(1);
        }

        return
        [
            .. states.Where(m => m.Value != Installed).Select(m => $"{m.Key} ({m.Value})"),
            .. modules.Where(m => !states.ContainsKey(m)).Select(m => $"{m} (unknown to the application)"),
        ];
    }
}
