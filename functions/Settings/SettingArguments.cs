using System.Text.RegularExpressions;

namespace Bibind.Functions.Settings;

/// <summary>Settings on the command line, written <c>--Name=value</c>; every command takes them.</summary>
internal static partial class SettingArguments
{
    /// <summary>Parts settings from commands and their options, whose names have small letters.</summary>
    public static (string[] Settings, string[] Others) Split(IEnumerable<string> arguments)
    {
        var settings = arguments.ToLookup(a => Form().IsMatch(a));
        return ([.. settings[true].Select(InSections)], [.. settings[false]]);
    }

    // The framework reads : between the parts of a name here, and __ in the environment only.
    private static string InSections(string argument)
    {
        var value = argument.IndexOf('=', StringComparison.Ordinal);
        return argument[..value].Replace("__", ConfigurationPath.KeyDelimiter, StringComparison.Ordinal) + argument[value..];
    }

    [GeneratedRegex(@"\A--([A-Z][^=]*|[^=]*(:|__)[^=]*|urls|environment|contentRoot|applicationName)=")]
    private static partial Regex Form();
}
