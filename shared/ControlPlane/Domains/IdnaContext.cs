namespace Bibind.ControlPlane.Domains;

/// <summary>The rules of RFC 5892, appendix A, for code points that stand only where their neighbours allow it.</summary>
internal static class IdnaContext
{
    private static readonly HashSet<int> Viramas =
    [
        0x094D, 0x09CD, 0x0A4D, 0x0ACD, 0x0B4D, 0x0BCD, 0x0C4D, 0x0CCD, 0x0D3B, 0x0D3C, 0x0D4D, 0x0DCA, 0x0E3A, 0x0EBA, 0x0F84, 0x1039, 0x103A, 0x1714, 0x1715,
        0x1734, 0x17D2, 0x1A60, 0x1B44, 0x1BAA, 0x1BAB, 0x1BF2, 0x1BF3, 0x2D7F, 0xA806, 0xA82C, 0xA8C4, 0xA953, 0xA9C0, 0xAAF6, 0xABED, 0x10A3F, 0x11046,
        0x1107F, 0x110B9, 0x11133, 0x11134, 0x111C0, 0x11235, 0x112EA, 0x1134D, 0x11442, 0x114C2, 0x115BF, 0x1163F, 0x116B6, 0x1172B, 0x11839, 0x119E0,
        0x11A34, 0x11A47, 0x11A99, 0x11C3F, 0x11D44, 0x11D45, 0x11D97,
    ];

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
            0x200D => before is { } joined && Viramas.Contains(joined),
            0x200C => (before is { } virama && Viramas.Contains(virama)) || IsBetweenJoining(label, at),
            var digit when IdnaCodePoints.IsArabicIndic(digit) => !label.Any(IdnaCodePoints.IsExtendedArabicIndic),
            _ => !label.Any(IdnaCodePoints.IsArabicIndic),
        };
    }

    private static bool IsJapanese(int point) =>
        point is >= 0x3041 and <= 0x309F or >= 0x30A1 and <= 0x30FA or >= 0x30FC and <= 0x30FF or >= 0x31F0 and <= 0x31FF
            or 0x3005 or 0x3007 or >= 0x3400 and <= 0x4DBF or >= 0x4E00 and <= 0x9FFF or >= 0xF900 and <= 0xFAFF or >= 0x20000 and <= 0x3134F;

    private static bool IsBetweenJoining(IReadOnlyList<int> label, int at)
    {
        var left = at - 1;
        while (left >= 0 && IdnaCodePoints.IsMark(label[left]))
        {
            left--;
        }

        var right = at + 1;
        while (right < label.Count && IdnaCodePoints.IsMark(label[right]))
        {
            right++;
        }

        return left >= 0 && right < label.Count && IsIn(Dual, label[left]) && (IsIn(Dual, label[right]) || IsIn(Right, label[right]));
    }

    private static bool IsIn((int First, int Last)[] ranges, int point) => ranges.Any(r => point >= r.First && point <= r.Last);
}
