using Bibind.ControlPlane;
using Bibind.Functions.Settings.Catalogue;
using Microsoft.Extensions.Configuration.CommandLine;
using Microsoft.Extensions.Configuration.EnvironmentVariables;
using Microsoft.Extensions.Configuration.Json;

namespace Bibind.Functions.Settings;

/// <summary>One setting as it is on this machine.</summary>
/// <param name="Name">As people write it.</param>
/// <param name="Value">What is set; <c>(secret)</c> for secrets.</param>
/// <param name="Source">Where it is set.</param>
internal sealed record ShownSetting(string Name, string Value, string Source);

/// <summary>Shows what is set and hides what is secret.</summary>
internal static class SettingsReport
{
    /// <summary>What stands for a secret.</summary>
    public const string Hidden = "(secret)";

    /// <summary>Every setting of ours that is set, in the order of the catalogue.</summary>
    public static IEnumerable<ShownSetting> Read(IConfigurationRoot configuration) =>
        from set in configuration.AsEnumerable()
        where set.Value is not null
        let setting = SettingsCatalogue.Find(set.Key)
        where setting is not null
        orderby SettingsCatalogue.IndexOf(setting!), set.Key.Length, set.Key
        select new ShownSetting(
            Setting.NameOf(set.Key), ValueOf(setting!, set.Value!), SourceOf(configuration, set.Key));

    private static string ValueOf(Setting setting, string value) =>
        !setting.IsSecret ? PlainText.Escape(value) : value.Length > 0 ? Hidden : string.Empty;

    private static string SourceOf(IConfigurationRoot configuration, string key) =>
        configuration.Providers.Last(p => p.TryGet(key, out _)) switch
        {
            LocalSettings.Provider => "local.settings.json",
            CommandLineConfigurationProvider => "command line",
            EnvironmentVariablesConfigurationProvider => "environment",
            JsonConfigurationProvider => "appsettings.json",
            _ => "the program",
        };
}
