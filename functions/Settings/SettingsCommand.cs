using System.CommandLine;
using Bibind.Functions.Settings.Catalogue;

namespace Bibind.Functions.Settings;

/// <summary><c>Bibind.Functions settings check</c>, <c>settings show</c> and <c>settings docs</c>.</summary>
internal static class SettingsCommand
{
    /// <summary>The command.</summary>
    /// <param name="build">Composes a host, which throws what is wrong with the settings.</param>
    /// <param name="configuration">Reads all settings.</param>
    public static Command Define(Func<IAsyncDisposable> build, Func<IConfigurationRoot> configuration)
    {
        var check = new Command("check", "Says what is wrong with the settings, all at once, and starts nothing.");
        check.SetAction(async (line, _) =>
        {
            await using var host = build();
            await line.InvocationConfiguration.Output.WriteLineAsync("The settings are usable.");
        });

        var show = new Command("show", "Shows which settings are set, to what and where; secrets are hidden.");
        show.SetAction(async (line, _) =>
        {
            var shown = SettingsReport.Read(configuration()).ToList();
            var width = shown.Select(s => s.Name.Length).DefaultIfEmpty().Max();
            foreach (var setting in shown)
            {
                await line.InvocationConfiguration.Output.WriteLineAsync($"{setting.Name.PadRight(width)}  {setting.Value}  ({setting.Source})");
            }
        });

        var docs = new Command("docs", "Writes docs/settings.md to standard output.");
        docs.SetAction((line, _) => line.InvocationConfiguration.Output.WriteAsync(SettingsMarkdown.Write()));
        return new Command("settings", "Checks and shows the settings.") { check, show, docs };
    }
}
