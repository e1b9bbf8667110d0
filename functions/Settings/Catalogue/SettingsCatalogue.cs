using System.Collections.Frozen;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Every setting that the program reads: docs/settings.md is written from this, and start refuses names below our sections that are not here.</summary>
internal static class SettingsCatalogue
{
    /// <summary>In the order in which they are described.</summary>
    public static IReadOnlyList<SettingsSection> Sections { get; } =
    [
        .. HostSections.All, .. ConsoleSections.All, .. NameSections.All, .. TenantSections.All, .. StorageSections.All, .. WorkSections.All, .. SurroundingSections.All,
    ];

    /// <summary>All of them.</summary>
    public static IReadOnlyList<Setting> Settings { get; } = [.. Sections.SelectMany(s => s.Settings)];

    /// <summary>The first parts of our names: whatever is set below them is ours.</summary>
    public static FrozenSet<string> Roots { get; } =
        Settings.Where(s => !s.IsFromPlatform).Select(s => s.Key.Split(':')[0]).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private static readonly FrozenDictionary<string, Setting> Exact =
        Settings.Where(s => !s.Key.Contains('{', StringComparison.Ordinal)).ToFrozenDictionary(s => s.Key, StringComparer.OrdinalIgnoreCase);

    private static readonly IReadOnlyList<Setting> Patterns = [.. Settings.Where(s => s.Key.Contains('{', StringComparison.Ordinal))];

    /// <summary>The setting of a name with <c>:</c> between its parts; null if there is none.</summary>
    public static Setting? Find(string key) => Exact.GetValueOrDefault(key) ?? Patterns.FirstOrDefault(p => p.Matches(key));

    /// <summary>Where a setting stands in <see cref="Settings"/>.</summary>
    public static int IndexOf(Setting setting) => Settings.Index().First(s => s.Item == setting).Index;

    /// <summary>The setting of a name that our own code reads.</summary>
    /// <exception cref="InvalidOperationException">It is not declared.</exception>
    public static Setting Get(string key) => Find(key) ?? throw new InvalidOperationException($"The setting {key} is not in the catalogue.");
}
