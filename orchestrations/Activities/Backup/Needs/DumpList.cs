using System.Globalization;
using System.Text.RegularExpressions;

namespace Bibind.Activities.Backup.Needs;

/// <summary>Chooses from the list of a dump what is restored.</summary>
internal static partial class DumpList
{
    private const string Extension = "EXTENSION - ";
    private const string FillView = "MATERIALIZED VIEW DATA ";

    // Only a superuser can make them, whatever they are, or they are about another server.
    private static readonly string[] NeverRestored =
    [
        "FOREIGN DATA WRAPPER ", "SERVER ", "USER MAPPING ", "FOREIGN TABLE ", "EVENT TRIGGER ", "PROCEDURAL LANGUAGE ", "ACCESS METHOD ",
        "PUBLICATION ", "PUBLICATION TABLE ", "PUBLICATION TABLES IN SCHEMA ", "SUBSCRIPTION ", "SUBSCRIPTION TABLE ", "SECURITY LABEL ",
        "OPERATOR CLASS ", "OPERATOR FAMILY ", "TEXT SEARCH PARSER ", "TEXT SEARCH TEMPLATE ",
    ];

    private static readonly string[] Kinds =
    [
        .. NeverRestored, Extension[..^2], FillView, "MATERIALIZED VIEW ", "TEXT SEARCH CONFIGURATION ", "TEXT SEARCH DICTIONARY ", "SHELL TYPE ", "TYPE ", "DOMAIN ",
        "FUNCTION ", "PROCEDURE ", "AGGREGATE ", "OPERATOR ", "CAST ", "VIEW ", "INDEX ", "TRIGGER ", "RULE ", "TRANSFORM ", "STATISTICS ",
        "CONVERSION ", "COLLATION ", "SCHEMA ", "SEQUENCE ", "TABLE ",
    ];

    /// <summary>What is restored, what is left out (in words), and which materialized views are filled afterwards.</summary>
    /// <param name="lines">As <c>pg_restore --list</c> gives them.</param>
    /// <param name="leftOut">Objects that the backup says are left out.</param>
    /// <param name="extensions">Extensions that can be made on the server.</param>
    public static DumpSelection Select(IReadOnlyList<string> lines, IReadOnlyList<LeftOutObject> leftOut, IReadOnlySet<string> extensions)
    {
        var known = leftOut.Select(o => (o.Class, o.Oid)).ToHashSet();
        var entries = lines.Select(Read).OfType<Entry>().ToList();
        var gone = entries.Where(e => known.Contains((e.Class, e.Oid)) || IsNever(e.Text) || IsMissing(e.Text, extensions)).ToList();
        var ends = gone.Select(e => e.Kind is { } kind ? e.Text[kind.Length..] : null).OfType<string>().ToHashSet(StringComparer.Ordinal);
        var comments = gone.Where(e => e.Kind is not null).Select(CommentOf).ToHashSet(StringComparer.Ordinal);
        var dropped = gone.Select(e => e.Line).ToHashSet(StringComparer.Ordinal);
        foreach (var companion in entries.Where(e => e.Class == 0 && (IsCommentOf(e, comments) || (e.Kind is { } kind && ends.Contains(e.Text[kind.Length..])))))
        {
            dropped.Add(companion.Line);
        }

        var views = entries.Where(e => e.Text.StartsWith(FillView, StringComparison.Ordinal) && !dropped.Contains(e.Line)).ToList();
        return new DumpSelection(
            [.. entries.Select(e => e.Line).Where(line => !dropped.Contains(line)).Except(views.Select(v => v.Line), StringComparer.Ordinal)],
            [.. gone.Where(e => !known.Contains((e.Class, e.Oid))).Select(Describe)],
            [.. views.Select(v => v.Text[FillView.Length..])]);
    }

    private static bool IsNever(string text) => NeverRestored.Any(kind => text.StartsWith(kind, StringComparison.Ordinal));

    private static bool IsMissing(string text, IReadOnlySet<string> extensions) =>
        text.StartsWith(Extension, StringComparison.Ordinal) && !extensions.Contains(text[Extension.Length..].TrimEnd());

    // "FUNCTION public f() odoo" has the comment "COMMENT public FUNCTION f() odoo".
    private static string CommentOf(Entry entry)
    {
        var rest = entry.Text[entry.Kind!.Length..];
        var space = rest.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? entry.Text : $"COMMENT {rest[..space]} {entry.Kind}{rest[(space + 1)..]}";
    }

    private static bool IsCommentOf(Entry entry, HashSet<string> comments) =>
        entry.Text.StartsWith("COMMENT ", StringComparison.Ordinal)
        && (comments.Contains(entry.Text) || comments.Contains(ColumnComment().Replace(entry.Text, "$1FOREIGN TABLE $2 $3")));

    private static string Describe(Entry entry)
    {
        var kind = entry.Kind ?? string.Empty;
        var words = entry.Text[kind.Length..].Split(' ');
        var name = words.Length > 2 ? string.Join(' ', words[1..^1]) : string.Join(' ', words).TrimStart('-', ' ');
        return $"{kind.ToLowerInvariant()}{name}".Trim();
    }

    private static Entry? Read(string line) => Line().Match(line) is { Success: true } match
        ? new Entry(
            line, long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture), long.Parse(match.Groups[2].ValueSpan, CultureInfo.InvariantCulture),
            match.Groups[3].Value, KindOf(match.Groups[3].Value))
        : null;

    private static string? KindOf(string text) => Kinds.Where(kind => text.StartsWith(kind, StringComparison.Ordinal)).MaxBy(kind => kind.Length);

    [GeneratedRegex(@"\A[0-9]+; ([0-9]+) ([0-9]+) (.*)\z")]
    private static partial Regex Line();

    [GeneratedRegex(@"\A(COMMENT \S+ )COLUMN (\S+)\.\S+ (.*)\z")]
    private static partial Regex ColumnComment();

    private sealed record Entry(string Line, long Class, long Oid, string Text, string? Kind);
}

/// <summary>What of a dump is restored.</summary>
/// <param name="Lines">The lines of its list.</param>
/// <param name="LeftOut">What was found only now that cannot be restored, in words.</param>
/// <param name="Views">Schema, name and owner of the materialized views that are to be filled, in order.</param>
internal sealed record DumpSelection(IReadOnlyList<string> Lines, IReadOnlyList<string> LeftOut, IReadOnlyList<string> Views);
