namespace Bibind.ControlPlane.Domains;

/// <summary>
/// Checks host names in their ASCII form by IDNA 2008 (RFC 5891 to 5893). What .NET has maps and forgives by older rules, which
/// depend on the system's ICU; a name that only some take is no name for a customer.
/// </summary>
internal static class Idna2008
{
    private const string Prefix = "xn--";

    /// <summary>What is wrong with a name whose labels are of letters, digits and hyphens; null if nothing is.</summary>
    /// <param name="name">Lower case.</param>
    public static string? FindFault(string name)
    {
        var labels = new List<IReadOnlyList<int>>();
        foreach (var label in name.Split('.'))
        {
            if (label.Length > 3 && label[2] == '-' && label[3] == '-' && !label.StartsWith(Prefix, StringComparison.Ordinal))
            {
                return $"'{label}' has hyphens at its third and fourth place, which only punycode (xn--) may have";
            }

            if (!label.StartsWith(Prefix, StringComparison.Ordinal))
            {
                labels.Add([.. label.Select(c => (int)c)]);
                continue;
            }

            if (Punycode.Decode(label[Prefix.Length..]) is not { Count: > 0 } points || points.All(p => p < 0x80) || Prefix + Punycode.Encode(points) != label)
            {
                return $"'{label}' is broken punycode";
            }

            if (FindFault(label, points) is { } fault)
            {
                return fault;
            }

            labels.Add(points);
        }

        return labels.Any(IdnaBidi.IsRightToLeft) && !labels.TrueForAll(IdnaBidi.Keeps)
            ? "mixes directions of writing as no name may (RFC 5893): each part has to begin with a letter and must not mix letters of both directions"
            : null;
    }

    private static string? FindFault(string label, IReadOnlyList<int> points)
    {
        if (!IsNormal(points))
        {
            return $"'{label}' is not in the normal form of Unicode (NFC), so other programs write the same name in another way";
        }

        if (points[0] == '-' || points[^1] == '-' || (points.Count > 3 && points[2] == '-' && points[3] == '-'))
        {
            return $"'{label}' stands for a name with hyphens where none may be";
        }

        if (IdnaContext.IsMark(points[0]))
        {
            return $"'{label}' stands for a name that begins with a mark, which belongs behind a letter";
        }

        for (var i = 0; i < points.Count; i++)
        {
            var isAllowed = points[i] < 0x80
                ? points[i] is >= 'a' and <= 'z' or >= '0' and <= '9' or '-'
                : IdnaContext.Decides(points[i]) ? IdnaContext.Allows(points, i) : IdnaTables.IsValid(points[i]);
            if (!isAllowed)
            {
                return $"'{label}' stands for a name with the character U+{points[i]:X4}, which no name may have there (IDNA 2008)";
            }
        }

        return null;
    }

    /// <summary>True if the code points are in NFC; each for itself is, or is not allowed anyway.</summary>
    private static bool IsNormal(IReadOnlyList<int> points)
    {
        int? starter = null;
        var before = 0;
        foreach (var point in points)
        {
            var combining = IdnaTables.CombiningClassOf(point);
            if (combining != 0 && before > combining)
            {
                return false;
            }

            // What stands between the starter and the mark, and is of its class or none, keeps them apart.
            if (starter is { } first && (before < combining || before == 0) && IdnaTables.Compose(first, point))
            {
                return false;
            }

            (starter, before) = combining == 0 ? (point, 0) : (starter, combining);
        }

        return true;
    }
}
