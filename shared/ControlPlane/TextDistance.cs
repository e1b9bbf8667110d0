namespace Bibind.ControlPlane;

/// <summary>How much two words differ, for those who mistyped one.</summary>
public static class TextDistance
{
    /// <summary>Levenshtein's distance, and one for two neighbours that changed places; capital letters or not.</summary>
    public static int Of(string one, string other)
    {
        ArgumentNullException.ThrowIfNull(one);
        ArgumentNullException.ThrowIfNull(other);
        (one, other) = (one.ToUpperInvariant(), other.ToUpperInvariant());
        var rows = new int[one.Length + 1, other.Length + 1];
        for (var i = 0; i <= one.Length; i++)
        {
            for (var j = 0; j <= other.Length; j++)
            {
                rows[i, j] = i == 0 ? j : j == 0 ? i : Math.Min(
                    Math.Min(rows[i - 1, j], rows[i, j - 1]) + 1,
                    rows[i - 1, j - 1] + (one[i - 1] == other[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1])
                {
                    rows[i, j] = Math.Min(rows[i, j], rows[i - 2, j - 2] + 1);
                }
            }
        }

        return rows[one.Length, other.Length];
    }

    /// <summary>The few words that are most like one: those that differ in a third of its letters at most, and those that begin with it.</summary>
    public static IReadOnlyList<string> Nearest(string word, IEnumerable<string> words)
    {
        ArgumentNullException.ThrowIfNull(word);
        ArgumentNullException.ThrowIfNull(words);

        // Words of very different length cannot be near, and the table of distances grows with both.
        var limit = Math.Max(2, word.Length / 3);
        return [.. words
            .Select(w => (Word: w, Distance: w.StartsWith(word, StringComparison.OrdinalIgnoreCase) ? 1 : Math.Abs(w.Length - word.Length) > limit ? int.MaxValue : Of(word, w)))
            .Where(w => w.Distance <= limit)
            .OrderBy(w => w.Distance).ThenBy(w => w.Word.Length).ThenBy(w => w.Word, StringComparer.Ordinal)
            .Take(3).Select(w => w.Word)];
    }
}
