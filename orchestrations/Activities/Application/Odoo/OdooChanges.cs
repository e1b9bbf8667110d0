using System.Text.RegularExpressions;
using Bibind.Contracts;

namespace Bibind.Activities.Application.Odoo;

/// <summary>Says of our own statements which tables and columns they changed.</summary>
internal static partial class OdooChanges
{
    /// <summary>Those that changed rows, by table in the order in which they ran.</summary>
    public static IReadOnlyList<StagingChange> Of(IEnumerable<(string Sql, long Rows)> ran) =>
        [.. ran.Where(r => r.Rows > 0).Select(r => (Match: Statement().Match(r.Sql), r.Sql, r.Rows)).Where(r => r.Match.Success)
            .Select(r => new StagingChange(r.Match.Groups["table"].Value, ColumnsOf(r.Sql), r.Rows))];

    private static IReadOnlyList<string> ColumnsOf(string sql)
    {
        if (Set().Match(sql) is { Success: true } set)
        {
            return [.. Column().Matches(set.Groups["set"].Value).Select(m => m.Groups["column"].Value).Distinct()];
        }

        return Inserted().Match(sql) is { Success: true } inserted ? [.. inserted.Groups["columns"].Value.Split(',', StringSplitOptions.TrimEntries)] : [];
    }

    [GeneratedRegex("""\A\s*(?:update|delete\s+from|insert\s+into)\s+public\."?(?<table>\w+)"?""")]
    private static partial Regex Statement();

    [GeneratedRegex("""\A\s*update\s+public\.\S+\s+set\s+(?<set>.*?)(?:\s+where\s|\z)""", RegexOptions.Singleline)]
    private static partial Regex Set();

    [GeneratedRegex("""(?:\A|,\s*)"?(?<column>[a-z_]\w*)"?\s*=\s""")]
    private static partial Regex Column();

    [GeneratedRegex("""\A\s*insert\s+into\s+public\.\S+\s*\((?<columns>[\w\s,]+)\)""")]
    private static partial Regex Inserted();
}
