using Bibind.Contracts;
using Npgsql;

namespace Bibind.Activities.Application.Masking;

/// <summary>A rule, and the column that it names.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Type">The type as SQL writes it, with its length.</param>
/// <param name="Family">The type's name in the catalogue; empty for a type that is not PostgreSQL's own.</param>
/// <param name="Length">The most characters that it holds; null for no limit.</param>
/// <param name="IsGenerated">True if PostgreSQL computes it.</param>
internal sealed record MaskedColumn(MaskingRule Rule, string Type, string Family, int? Length, bool IsGenerated)
{
    public bool IsText => Family is "text" or "varchar" or "bpchar";

    /// <summary>A text with its translations, as the application keeps it.</summary>
    public bool IsTranslated => Family == "jsonb";
}

/// <summary>Finds what rules name.</summary>
internal static class MaskedColumns
{
    private const string Sql =
        """
        select c.relname::text, c.relkind::text, a.attname::text, format_type(a.atttypid, a.atttypmod),
               case when t.typnamespace = 'pg_catalog'::regnamespace and t.typtype = 'b' then t.typname::text else '' end,
               case when t.typname in ('varchar', 'bpchar') and a.atttypmod > 4 then a.atttypmod - 4 end, a.attgenerated <> ''
        from pg_class c join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped join pg_type t on t.oid = a.atttypid
        where c.relnamespace = to_regnamespace('public') and c.relname = any($1) and c.relkind in ('r', 'p', 'v', 'm', 'f')
        """;

    /// <summary>The rules that can be applied, and why others are left out.</summary>
    public static async Task<(IReadOnlyList<MaskedColumn> Found, IReadOnlyList<StagingSkipped> Skipped)> FindAsync(
        NpgsqlConnection connection, IReadOnlyList<MaskingRule> rules, CancellationToken cancellationToken)
    {
        var tables = new Dictionary<string, string>(StringComparer.Ordinal);
        var columns = new Dictionary<(string, string), (string Type, string Family, int? Length, bool IsGenerated)>();
        await using (var command = new NpgsqlCommand(Sql, connection) { Parameters = { new() { Value = rules.Select(r => r.Table).Distinct().ToArray() } } })
        await using (var reader = await command.ExecuteReaderAsync(cancellationToken))
        {
            while (await reader.ReadAsync(cancellationToken))
            {
                tables[reader.GetString(0)] = reader.GetString(1);
                columns[(reader.GetString(0), reader.GetString(2))] = (reader.GetString(3), reader.GetString(4), reader.IsDBNull(5) ? null : reader.GetInt32(5), reader.GetBoolean(6));
            }
        }

        var (found, skipped) = (new List<MaskedColumn>(), new List<StagingSkipped>());
        foreach (var rule in rules)
        {
            var reason = !tables.TryGetValue(rule.Table, out var kind) ? "there is no such table"
                : kind is not ("r" or "p") ? "it is a view and no table: mask the tables that it shows"
                : columns.ContainsKey((rule.Table, rule.Column)) ? null
                : "the table has no such column";
            if (reason is null)
            {
                var (type, family, length, isGenerated) = columns[(rule.Table, rule.Column)];
                found.Add(new MaskedColumn(rule, type, family, length, isGenerated));
            }
            else
            {
                skipped.Add(new StagingSkipped(rule.Table, rule.Column, reason));
            }
        }

        return (found, skipped);
    }
}
