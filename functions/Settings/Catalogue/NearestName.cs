using System.Globalization;
using Bibind.ControlPlane;

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
            .Select(s => (s.Key, Distance: TextDistance.Of(pattern, s.Key)))
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
}
