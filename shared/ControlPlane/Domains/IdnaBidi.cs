namespace Bibind.ControlPlane.Domains;

/// <summary>The rule of RFC 5893 for names with letters that are written from right to left.</summary>
internal static class IdnaBidi
{
    private const char Left = 'L';
    private const char Right = 'R';
    private const char ArabicNumber = 'A';
    private const char EuropeanNumber = 'E';
    private const char Mark = 'N';

    /// <summary>True if a label has letters that are written from right to left, so that every label of its name must keep the rule.</summary>
    public static bool IsRightToLeft(IReadOnlyList<int> label) => label.Any(p => IdnaTables.DirectionOf(p) is Right or ArabicNumber);

    /// <summary>True if a label of such a name keeps the rule.</summary>
    public static bool Keeps(IReadOnlyList<int> label)
    {
        List<char> directions = [.. label.Select(IdnaTables.DirectionOf)];
        var end = directions.FindLast(d => d != Mark);
        return directions[0] switch
        {
            Right => !directions.Contains(Left)
                && end is Right or EuropeanNumber or ArabicNumber
                && !(directions.Contains(EuropeanNumber) && directions.Contains(ArabicNumber)),
            Left => !directions.Any(d => d is Right or ArabicNumber) && end is Left or EuropeanNumber,
            _ => false,
        };
    }
}
