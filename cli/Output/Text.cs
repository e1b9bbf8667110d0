using System.Globalization;
using System.Text;

namespace Bibind.Cli.Output;

/// <summary>Values as tables show them. Names, reasons and errors come from others: what would steer a terminal is shown instead of obeyed.</summary>
internal static class Text
{
    /// <summary>On one line, without control characters.</summary>
    public static string Clean(string? text)
    {
        if (string.IsNullOrEmpty(text))
        {
            return "-";
        }

        var clean = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            var isHidden = Rune.IsControl(rune) || Rune.GetUnicodeCategory(rune) is UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;
            clean.Append(!isHidden ? rune.ToString() : rune.Value is '\n' or '\r' or '\t' ? " " : FormattableString.Invariant($"\\u{{{rune.Value:x}}}"));
        }

        return clean.ToString();
    }

    public static string? Time(DateTimeOffset? time) => time?.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    public static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);

    public static string? Number(long? number) => number is { } value ? Number(value) : null;

    /// <summary>Milliseconds, as people read them.</summary>
    public static string Duration(long milliseconds) => milliseconds switch
    {
        < 1_000 => FormattableString.Invariant($"{milliseconds} ms"),
        < 60_000 => FormattableString.Invariant($"{milliseconds / 1000.0:0.0} s"),
        < 3_600_000 => FormattableString.Invariant($"{milliseconds / 60_000} min {milliseconds / 1000 % 60} s"),
        _ => FormattableString.Invariant($"{milliseconds / 3_600_000} h {milliseconds / 60_000 % 60} min"),
    };

    /// <summary>Bytes, as people read them.</summary>
    public static string? Bytes(long? bytes) => bytes switch
    {
        null => null,
        < 1_000 => FormattableString.Invariant($"{bytes} B"),
        < 1_000_000 => FormattableString.Invariant($"{bytes / 1e3:0.0} kB"),
        < 1_000_000_000 => FormattableString.Invariant($"{bytes / 1e6:0.0} MB"),
        _ => FormattableString.Invariant($"{bytes / 1e9:0.0} GB"),
    };

    public static string YesOrNo(bool value) => value ? "yes" : "no";

    /// <summary>Columns that it takes in a terminal, near enough: wide characters take two, marks none.</summary>
    public static int Width(string text)
    {
        var width = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            width += Rune.GetUnicodeCategory(rune) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark ? 0
                : rune.Value is (>= 0x1100 and <= 0x115F) or (>= 0x2E80 and <= 0xA4CF) or (>= 0xAC00 and <= 0xD7A3) or (>= 0xF900 and <= 0xFAFF)
                    or (>= 0xFE30 and <= 0xFE6F) or (>= 0xFF00 and <= 0xFF60) or (>= 0x1F300 and <= 0x1FAFF) or (>= 0x20000 and <= 0x3FFFD) ? 2
                : 1;
        }

        return width;
    }
}
