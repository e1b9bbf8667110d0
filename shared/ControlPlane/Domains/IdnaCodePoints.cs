using System.Globalization;
using System.Text;

namespace Bibind.ControlPlane.Domains;

/// <summary>What a code point may do in a name.</summary>
internal enum IdnaClass
{
    /// <summary>It stands anywhere.</summary>
    Valid,

    /// <summary>It stands where its neighbours allow it.</summary>
    Contextual,

    /// <summary>It stands nowhere.</summary>
    Disallowed,
}

/// <summary>The derived property of RFC 5892, from the categories of Unicode and its lists of exceptions.</summary>
internal static class IdnaCodePoints
{
    private static readonly HashSet<int> AlwaysValid = [0x00DF, 0x03C2, 0x06FD, 0x06FE, 0x0F0B, 0x3007];

    private static readonly HashSet<int> NeverValid = [0x0640, 0x07FA, 0x302E, 0x302F, 0x3031, 0x3032, 0x3033, 0x3034, 0x3035, 0x303B];

    private static readonly HashSet<int> ByContext = [0x00B7, 0x0375, 0x05F3, 0x05F4, 0x200C, 0x200D, 0x30FB];

    // Ignorable by default although their category says letter or mark, marks for symbols and music, and old Hangul.
    private static readonly (int First, int Last)[] Excluded =
    [
        (0x034F, 0x034F), (0x1100, 0x11FF), (0x115F, 0x1160), (0x17B4, 0x17B5), (0x180B, 0x180F), (0x20D0, 0x20FF), (0x3164, 0x3164), (0xA960, 0xA97F),
        (0xD7B0, 0xD7FF), (0xFE00, 0xFE0F), (0xFFA0, 0xFFA0), (0x1D100, 0x1D1FF), (0x1D200, 0x1D24F), (0xE0000, 0xE0FFF),
    ];

    /// <summary>What a code point beyond ASCII may do.</summary>
    public static IdnaClass Of(int point) =>
        AlwaysValid.Contains(point) ? IdnaClass.Valid
        : NeverValid.Contains(point) ? IdnaClass.Disallowed
        : ByContext.Contains(point) || IsArabicDigit(point) ? IdnaClass.Contextual
        : Excluded.Any(r => point >= r.First && point <= r.Last) || IsUnstable(point) || !IsLetterDigit(point) ? IdnaClass.Disallowed
        : IdnaClass.Valid;

    /// <summary>True for a mark that combines with what stands before it.</summary>
    public static bool IsMark(int point) =>
        CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    /// <summary>True for the digits of Arabic, which do not mix with the extended ones.</summary>
    public static bool IsArabicIndic(int point) => point is >= 0x0660 and <= 0x0669;

    /// <summary>True for the digits of Persian and Urdu.</summary>
    public static bool IsExtendedArabicIndic(int point) => point is >= 0x06F0 and <= 0x06F9;

    private static bool IsArabicDigit(int point) => IsArabicIndic(point) || IsExtendedArabicIndic(point);

    private static bool IsLetterDigit(int point) => CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.LowercaseLetter or UnicodeCategory.UppercaseLetter
        or UnicodeCategory.OtherLetter or UnicodeCategory.ModifierLetter or UnicodeCategory.DecimalDigitNumber or UnicodeCategory.NonSpacingMark
        or UnicodeCategory.SpacingCombiningMark;

    // What folding changes is another spelling of something else, such as the Kelvin sign of a k.
    private static bool IsUnstable(int point)
    {
        var text = char.ConvertFromUtf32(point);
        var folded = text.Normalize(NormalizationForm.FormKC).ToLowerInvariant().Normalize(NormalizationForm.FormKC);
        return folded != text;
    }
}
