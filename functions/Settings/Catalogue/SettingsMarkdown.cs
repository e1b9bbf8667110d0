using System.Text;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Writes docs/settings.md.</summary>
internal static class SettingsMarkdown
{
    private const string Introduction = """
        # Settings

        <!-- Written by `Bibind.Functions settings docs > docs/settings.md` from functions/Settings/Catalogue; a test keeps it so. -->

        Settings are read at start, each from the last of these places that has it:

        1. `local.settings.json` (its `Values`), in the folder of the program or the current one, or the file that the variable `BIBIND_SETTINGS` names;
        2. the environment;
        3. the command line, as `--Name=value`.

        `__` stands between the parts of a name; `:` does so in the file and on the command line too. `N` in a name stands for the numbers 0, 1, 2 …
        Capital letters do not matter. A blank number, time, address or flag is the same as none. A name below our sections that is not on this page
        stops the start, and so does one that is anywhere in the file or on the command line and belongs to no platform (`AzureWebJobs*`, `FUNCTIONS_*`,
        `WEBSITE_*`, `APPSETTING_*`, `AWS_*`, `ASPNETCORE_*`, `DOTNET_*`, `OTEL_*`, `Logging`, `Kestrel`). Everything that is wrong is said at once,
        and the process ends with exit code 78.

        ```
        dotnet Bibind.Functions.dll settings check    # says what is wrong, and starts nothing
        dotnet Bibind.Functions.dll settings show     # what is set, and where; secrets are hidden
        ```

        [local.settings.sample.json](../local.settings.sample.json) has them all, to copy from.

        """;

    /// <summary>The whole page.</summary>
    public static string Write()
    {
        var page = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        foreach (var section in SettingsCatalogue.Sections)
        {
            page.Append('\n').Append("## ").Append(section.Title).Append("\n\n");
            if (section.Meaning.Length > 0)
            {
                page.Append(section.Meaning).Append("\n\n");
            }

            page.Append("| Setting | Meaning | Unless set | May be |\n| --- | --- | --- | --- |\n");
            foreach (var setting in section.Settings)
            {
                page.Append("| `").Append(NameOf(setting)).Append("` | ").Append(MeaningOf(setting)).Append(" | ").Append(DefaultOf(setting))
                    .Append(" | ").Append(RangeOf(setting)).Append(" |\n");
            }
        }

        return page.ToString();
    }

    private static string NameOf(Setting setting) => setting.Name.Replace("{n}", "N", StringComparison.Ordinal);

    private static string MeaningOf(Setting setting) => setting.Meaning + setting.Hosts switch
    {
        SettingHosts.SelfHosted => " *Self-hosted only.*",
        SettingHosts.FunctionHosts => " *Function hosts only.*",
        SettingHosts.Commands => " *Commands only.*",
        _ => string.Empty,
    };

    private static string DefaultOf(Setting setting) =>
        setting.IsRequired ? "**needed**"
        : setting.DefaultInWords is { } words ? words
        : setting.Default is { Length: > 0 } otherwise ? $"`{otherwise}`"
        : "–";

    private static string RangeOf(Setting setting) => setting switch
    {
        { IsSecret: true } => "a secret",
        { Type: SettingType.Choice } => string.Join(", ", setting.Choices.Select(c => $"`{c}`")),
        { Type: SettingType.Duration, Times: var (from, to) } => $"`{from:c}` to `{to:c}`",
        { Type: SettingType.Instant } => setting.Range,
        { Example: { } example } => $"{Sentence(setting.Range)}such as `{example}`",
        _ => setting.Range,
    };

    private static string Sentence(string range) => range.Length == 0 ? range : $"{range}, ";
}
