using System.Globalization;
using Bibind.Functions.Settings.Catalogue;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;

namespace Bibind.Functions.Settings;

/// <summary>Holds what is set against the catalogue.</summary>
internal static class CatalogueCheck
{
    /// <summary>
    /// Names that are unknown and values that cannot be read. Such a value is replaced by one that can, so that everything else is
    /// checked too; with any problem, what was read is not to be used.
    /// </summary>
    public static IReadOnlyList<string> FindUnreadable(IConfiguration configuration)
    {
        var problems = new List<string>();
        foreach (var (key, value) in configuration.AsEnumerable().Where(s => s.Value is not null).OrderBy(s => s.Key, StringComparer.OrdinalIgnoreCase).ToList())
        {
            if (SettingsCatalogue.Find(key) is { } setting)
            {
                Read(configuration, key, value!, setting, problems);
            }
            else if (IsOurs(key) || (IsWrittenForUs(configuration, key) && !PlatformNames.Has(key)))
            {
                problems.Add($"{Setting.NameOf(key)} is unknown{(NearestName.Find(key) is { } nearest ? $": did you mean {nearest}?" : "; docs/settings.md lists what is known.")}");
            }
        }

        return problems;
    }

    /// <summary>Values that can be read and are not among those that may be.</summary>
    public static IEnumerable<string> FindOutOfRange(IConfiguration configuration) =>
        from set in configuration.AsEnumerable()
        where !string.IsNullOrWhiteSpace(set.Value)
        let problem = SettingsCatalogue.Find(set.Key)?.FindProblem(set.Value!)
        where problem is not null
        select $"{Setting.NameOf(set.Key)} {problem}";

    /// <summary>Variables of the environment that may belong to somebody else, and that hardly differ from a setting's name.</summary>
    public static IEnumerable<(string Name, string Nearest)> FindSuspects(IConfiguration configuration) =>
        from set in configuration.AsEnumerable()
        where set.Value is not null && set.Key.Contains(':', StringComparison.Ordinal) && SettingsCatalogue.Find(set.Key) is null && !IsOurs(set.Key)
            && Providers(configuration).OfType<EnvironmentVariablesConfigurationProvider>().Any(p => p.TryGet(set.Key, out _))
        let nearest = NearestName.Find(set.Key, limit: 2)
        where nearest is not null
        select (Setting.NameOf(set.Key), nearest!);

    private static void Read(IConfiguration configuration, string key, string value, Setting setting, List<string> problems)
    {
        if (string.IsNullOrWhiteSpace(value))
        {
            // Blank is the same as not set; only texts can be blank.
            if (setting.Type is not (SettingType.Text or SettingType.Choice))
            {
                configuration[key] = setting.Default ?? string.Empty;
            }
        }
        else if (!setting.IsReadable(value.Trim()))
        {
            problems.Add($"{Setting.NameOf(key)} {setting.FindProblem(value)}");
            configuration[key] = setting.Default ?? StandIn(setting);
        }
    }

    private static string StandIn(Setting setting) => setting.Type switch
    {
        SettingType.Flag => "false",
        SettingType.Address => "http://localhost",
        SettingType.Instant => "9999-12-31T00:00:00Z",
        SettingType.Duration => setting.Times!.Value.From.ToString("c"),
        _ => setting.Numbers!.Value.From.ToString(CultureInfo.InvariantCulture),
    };

    // A variable with a section's bare name, such as DATABASE, may be anybody's.
    private static bool IsOurs(string key) => key.Split(':') is [var root, _, ..] && SettingsCatalogue.Roots.Contains(root);

    // The environment is everybody's; the file and the command line are not.
    private static bool IsWrittenForUs(IConfiguration configuration, string key) =>
        Providers(configuration).Any(p => p is LocalSettings.Provider or CommandLineConfigurationProvider && p.TryGet(key, out _));

    private static IEnumerable<IConfigurationProvider> Providers(IConfiguration configuration) => (configuration as IConfigurationRoot)?.Providers ?? [];
}
