using System.Globalization;
using System.Reflection;

namespace Bibind.ControlPlane.Domains;

/// <summary>
/// What has to be known of characters, from a list in this assembly: what .NET knows of normal forms comes from the system's ICU, and
/// a system without one takes every text for normal.
/// </summary>
internal static class IdnaTables
{
    private static readonly Lazy<Tables> Read = new(ReadTables);

    /// <summary>True if a code point beyond ASCII may stand anywhere in a label.</summary>
    public static bool IsValid(int point) => Find(Read.Value.Valid, point) is not null;

    /// <summary>The canonical combining class.</summary>
    public static int CombiningClassOf(int point) => Find(Read.Value.Classes, point) is { } text ? int.Parse(text, CultureInfo.InvariantCulture) : 0;

    /// <summary>The direction by RFC 5893: <c>L</c>, or as the list says.</summary>
    public static char DirectionOf(int point) => point switch
    {
        >= '0' and <= '9' => 'E',
        '-' => 'O',
        _ => Find(Read.Value.Directions, point)?[0] ?? 'L',
    };

    /// <summary>True if NFC writes both as one.</summary>
    public static bool Compose(int first, int second) => Read.Value.Pairs.Contains((first, second));

    private static string? Find(List<Entry> entries, int point)
    {
        var (low, high) = (0, entries.Count - 1);
        while (low <= high)
        {
            var middle = (low + high) / 2;
            if (point < entries[middle].First)
            {
                high = middle - 1;
            }
            else if (point > entries[middle].Last)
            {
                low = middle + 1;
            }
            else
            {
                return entries[middle].Value;
            }
        }

        return null;
    }

    private static Tables ReadTables()
    {
        var tables = new Tables([], [], [], []);
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("Bibind.ControlPlane.Domains.idna_tables.txt")!;
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            var parts = line.Split(' ');
            switch (parts[0])
            {
                case "V":
                    tables.Valid.Add(new Entry(Hex(parts[1]), Hex(parts[2]), string.Empty));
                    break;
                case "C":
                    tables.Classes.Add(new Entry(Hex(parts[1]), Hex(parts[2]), parts[3]));
                    break;
                case "B":
                    tables.Directions.Add(new Entry(Hex(parts[1]), Hex(parts[2]), parts[3]));
                    break;
                case "P":
                    tables.Pairs.Add((Hex(parts[1]), Hex(parts[2])));
                    break;
            }
        }

        return tables;
    }

    private static int Hex(string text) => int.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    private readonly record struct Entry(int First, int Last, string Value);

    private sealed record Tables(List<Entry> Valid, List<Entry> Classes, List<Entry> Directions, HashSet<(int First, int Second)> Pairs);
}
