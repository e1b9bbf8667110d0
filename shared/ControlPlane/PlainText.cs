using System.Globalization;
using System.Text;

namespace Bibind.ControlPlane;

/// <summary>
/// Tells text that shows what it is from text that does not: characters that are invisible, reverse or break a line, or mean
/// nothing to anybody else let one name pass for another and forge lines of a log.
/// </summary>
public static class PlainText
{
    /// <summary>A number of things: <c>1 tenant</c>, <c>2 tenants</c>.</summary>
    public static string Count(long number, string one) => string.Create(CultureInfo.InvariantCulture, $"{number} {one}{(number == 1 ? "" : "s")}");

    /// <summary>What is wrong with a text, to follow the name of its field; null if nothing is.</summary>
    /// <param name="text">The text.</param>
    /// <param name="mayHaveLines">True lets line breaks and tabs pass.</param>
    public static string? ProblemWith(string text, bool mayHaveLines)
    {
        ArgumentNullException.ThrowIfNull(text);
        for (var index = 0; index < text.Length;)
        {
            if (Rune.DecodeFromUtf16(text.AsSpan(index), out var rune, out var length) != System.Buffers.OperationStatus.Done)
            {
                return "is not valid Unicode text";
            }

            if (!Shows(rune) && !(mayHaveLines && IsLineOrTab(rune)))
            {
                return Rune.IsControl(rune) ? "must not hold control characters" : $"must not hold the character {NameOf(rune)}, which cannot be seen";
            }

            index += length;
        }

        return null;
    }

    /// <summary>The text with every character that does not show as itself written as <c>\u{…}</c>; line breaks and tabs too, unless they may stay.</summary>
    public static string Escape(string text, bool mayHaveLines = false)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (ProblemWith(text, mayHaveLines) is null)
        {
            return text;
        }

        var escaped = new StringBuilder(text.Length + 16);
        for (var index = 0; index < text.Length;)
        {
            var isWhole = Rune.DecodeFromUtf16(text.AsSpan(index), out var rune, out var length) == System.Buffers.OperationStatus.Done;
            if (isWhole && (Shows(rune) || (mayHaveLines && IsLineOrTab(rune))))
            {
                escaped.Append(text.AsSpan(index, length));
            }
            else
            {
                escaped.Append(CultureInfo.InvariantCulture, $"\\u{{{(isWhole ? rune.Value : text[index]):x4}}}");
            }

            index += length;
        }

        return escaped.ToString();
    }

    private static bool IsLineOrTab(Rune rune) => rune.Value is '\n' or '\r' or '\t';

    private static string NameOf(Rune rune) => string.Create(CultureInfo.InvariantCulture, $"U+{rune.Value:X4}");

    private static bool Shows(Rune rune) => Rune.GetUnicodeCategory(rune) is not (
            UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator
            or UnicodeCategory.PrivateUse or UnicodeCategory.Surrogate or UnicodeCategory.OtherNotAssigned)
        && !IsBlank(rune.Value);

    // Letters, marks and symbols by their category, which no font shows: joiners, fillers, the empty Braille pattern.
    private static bool IsBlank(int value) => value is 0x034f or 0x115f or 0x1160 or 0x17b4 or 0x17b5 or (>= 0x180b and <= 0x180f) or 0x2800 or 0x3164 or 0xffa0;
}
