using System.Globalization;

namespace Bibind.ControlPlane.Domains;

/// <summary>The rules of RFC 5892, appendix A, for code points that stand only where their neighbours allow it.</summary>
internal static class IdnaContext
{
    private const int ViramaClass = 9;

    private static readonly HashSet<int> Contextual = [0x00B7, 0x0375, 0x05F3, 0x05F4, 0x200C, 0x200D, 0x30FB];

    // Letters of Arabic that join to both sides, and those that join to the one before only.
    private static readonly (int First, int Last)[] Dual =
    [
        (0x0620, 0x0620), (0x0626, 0x0626), (0x0628, 0x0628), (0x062A, 0x062E), (0x0633, 0x063F), (0x0641, 0x0647), (0x0649, 0x064A), (0x066E, 0x066F),
        (0x0678, 0x0687), (0x069A, 0x06BF), (0x06C1, 0x06C2), (0x06CC, 0x06CC), (0x06CE, 0x06CE), (0x06D0, 0x06D1), (0x06FA, 0x06FC), (0x06FF, 0x06FF),
    ];

    private static readonly (int First, int Last)[] Right =
    [
        (0x0622, 0x0625), (0x0627, 0x0627), (0x0629, 0x0629), (0x062F, 0x0632), (0x0648, 0x0648), (0x0671, 0x0673), (0x0675, 0x0677), (0x0688, 0x0699),
        (0x06C0, 0x06C0), (0x06C3, 0x06CB), (0x06CD, 0x06CD), (0x06CF, 0x06CF), (0x06D2, 0x06D3), (0x06D5, 0x06D5), (0x06EE, 0x06EF),
    ];

    /// <summary>True if it depends on its neighbours whether a code point may stand somewhere.</summary>
    public static bool Decides(int point) => Contextual.Contains(point) || IsArabicIndic(point) || IsExtendedArabicIndic(point);

    /// <summary>True for a mark that belongs to what stands before it.</summary>
    public static bool IsMark(int point) =>
        CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.NonSpacingMark or UnicodeCategory.SpacingCombiningMark or UnicodeCategory.EnclosingMark;

    /// <summary>True if the code point at a place may stand there.</summary>
    public static bool Allows(IReadOnlyList<int> label, int at)
    {
        int? before = at > 0 ? label[at - 1] : null;
        int? after = at + 1 < label.Count ? label[at + 1] : null;
        return label[at] switch
        {
            // Of Catalan, between two l.
            0x00B7 => before == 'l' && after == 'l',
            0x0375 => after is >= 0x0370 and <= 0x03FF or >= 0x1F00 and <= 0x1FFF,
            0x05F3 or 0x05F4 => before is >= 0x0591 and <= 0x05F4 or >= 0xFB1D and <= 0xFB4F,
            0x30FB => label.Any(IsJapanese),
            0x200D => IsVirama(before),
            0x200C => IsVirama(before) || IsBetweenJoining(label, at),
            var digit when IsArabicIndic(digit) => !label.Any(IsExtendedArabicIndic),
            _ => !label.Any(IsArabicIndic),
        };
    }

    private static bool IsVirama(int? point) => point is { } mark && IdnaTables.CombiningClassOf(mark) == ViramaClass;

    private static bool IsArabicIndic(int point) => point is >= 0x0660 and <= 0x0669;

    // Of Persian and Urdu; the two kinds do not mix.
    private static bool IsExtendedArabicIndic(int point) => point is >= 0x06F0 and <= 0x06F9;

    private static bool IsJapanese(int point) =>
        point is >= 0x3041 and <= 0x309F or >= 0x30A1 and <= 0x30FA or >= 0x30FC and <= 0x30FF or >= 0x31F0 and <= 0x31FF
            or 0x3005 or 0x3007 or >= 0x3400 and <= 0x4DBF or >= 0x4E00 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0x20000 and <= 0x3134F;

    private static bool IsBetweenJoining(IReadOnlyList<int> label, int at)
    {
        var left = at - 1;
        while (left >= 0 && IsMark(label[left]))
        {
            left--;
        }

        var right = at + 1;
        while (right < label.Count && IsMark(label[right]))
        {
            right++;
        }

        return left >= 0 && right < label.Count && IsIn(Dual, label[left]) && (IsIn(Dual, label[right]) || IsIn(Right, label[right]));
    }

    private static bool IsIn((int First, int Last)[] ranges, int point) => ranges.Any(r => point >= r.First && point <= r.Last);
}
