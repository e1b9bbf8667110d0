using System.Globalization;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Finds the setting that somebody may have meant.</summary>
internal static class NearestName
{
    /// <summary>The name of the setting that is most like a key, as people write it; null if none is.</summary>
    /// <param name="key">A name with <c>:</c> between its parts that is no setting's.</param>
    /// <param name="limit">How many letters may differ; a third of them unless given.</param>
    public static string? Find(string key, int? limit = null)
    {
        var numbers = new Queue<string>(key.Split(':').Where(IsNumber));
        var pattern = string.Join(':', key.Split(':').Select(p => IsNumber(p) ? "{n}" : p));
        var (nearest, distance) = SettingsCatalogue.Settings
            .Where(s => !s.IsFromPlatform)
            .Select(s => (s.Key, Distance: Distance(pattern, s.Key)))
            .MinBy(s => s.Distance);
        if (distance > (limit ?? Math.Max(3, pattern.Length / 3)))
        {
            nearest = limit is null ? SameEnding(pattern) : null;
        }

        return nearest is null ? null : Setting.NameOf(string.Join(':', nearest.Split(':').Select(p => p != "{n}" ? p : numbers.TryDequeue(out var number) ? number : "0")));
    }

    private static bool IsNumber(string part) => int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out _);

    // A level was forgotten: Dns__ApiKey for Dns__PowerDns__ApiKey.
    private static string? SameEnding(string key)
    {
        var parts = key.Split(':');
        return SettingsCatalogue.Settings.Select(s => s.Key).FirstOrDefault(k =>
            k.StartsWith(parts[0] + ":", StringComparison.OrdinalIgnoreCase) && k.EndsWith(":" + parts[^1], StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Levenshtein's distance, and one for two neighbours that changed places; capital letters or not.</summary>
    internal static int Distance(string one, string other)
    {
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
}
