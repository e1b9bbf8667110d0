using System.Globalization;

namespace Bibind.ControlPlane.Domains;

/// <summary>The rule of RFC 5893 for names with letters that are written from right to left.</summary>
internal static class IdnaBidi
{
    private enum Direction
    {
        Left,
        Right,
        ArabicNumber,
        EuropeanNumber,
        Mark,
        Separator,
        Other,
    }

    /// <summary>True if a label has letters that are written from right to left, so that every label of its name must keep the rule.</summary>
    public static bool IsRightToLeft(IReadOnlyList<int> label) => label.Any(p => Of(p) is Direction.Right or Direction.ArabicNumber);

    /// <summary>True if a label of such a name keeps the rule.</summary>
    public static bool Keeps(IReadOnlyList<int> label)
    {
        List<Direction> directions = [.. label.Select(Of)];
        var end = directions.FindLast(d => d != Direction.Mark);
        return directions[0] switch
        {
            Direction.Right => !directions.Contains(Direction.Left)
                && end is Direction.Right or Direction.EuropeanNumber or Direction.ArabicNumber
                && !(directions.Contains(Direction.EuropeanNumber) && directions.Contains(Direction.ArabicNumber)),
            Direction.Left => !directions.Any(d => d is Direction.Right or Direction.ArabicNumber) && end is Direction.Left or Direction.EuropeanNumber,
            _ => false,
        };
    }

    private static Direction Of(int point) => point switch
    {
        >= '0' and <= '9' or >= 0x06F0 and <= 0x06F9 => Direction.EuropeanNumber,
        >= 0x0660 and <= 0x0669 or >= 0x10E60 and <= 0x10E7E => Direction.ArabicNumber,
        '-' => Direction.Separator,
        _ when CharUnicodeInfo.GetUnicodeCategory(point) is UnicodeCategory.NonSpacingMark or UnicodeCategory.EnclosingMark => Direction.Mark,
        0x200C or 0x200D or 0x00B7 or 0x0375 or 0x30FB => Direction.Other,
        >= 0x0590 and <= 0x08FF or >= 0xFB1D and <= 0xFDFF or >= 0xFE70 and <= 0xFEFF or >= 0x10800 and <= 0x10FFF or >= 0x1E800 and <= 0x1EFFF => Direction.Right,
        _ => Direction.Left,
    };
}
