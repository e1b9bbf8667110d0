using System.Globalization;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>Settings that belong together.</summary>
/// <param name="Title">Its heading.</param>
/// <param name="Meaning">What the section is for, in Markdown.</param>
/// <param name="Settings">In the order in which they are described.</param>
internal sealed record SettingsSection(string Title, string Meaning, params IReadOnlyList<Setting> Settings);

/// <summary>Short ways to declare a setting.</summary>
internal static class Declare
{
    public static Setting Text(string key, string meaning, string? otherwise = null, string? example = null) =>
        new(key, SettingType.Text, meaning) { Default = otherwise, Example = example };

    public static Setting Secret(string key, string meaning) => new(key, SettingType.Text, meaning) { IsSecret = true };

    public static Setting Flag(string key, bool otherwise, string meaning) =>
        new(key, SettingType.Flag, meaning) { Default = otherwise ? "true" : "false" };

    public static Setting Number(string key, long? otherwise, long from, long to, string meaning) =>
        new(key, SettingType.Number, meaning) { Default = otherwise?.ToString(CultureInfo.InvariantCulture), Numbers = (from, to) };

    /// <param name="key">Its name.</param>
    /// <param name="otherwise">The default.</param>
    /// <param name="from">The shortest time, written as settings are.</param>
    /// <param name="to">The longest.</param>
    /// <param name="meaning">What it is for.</param>
    public static Setting Duration(string key, string otherwise, string from, string to, string meaning) =>
        new(key, SettingType.Duration, meaning) { Default = otherwise, Times = (Time(from), Time(to)) };

    public static Setting Choice(string key, string? otherwise, string[] choices, string meaning) =>
        new(key, SettingType.Choice, meaning) { Default = otherwise, Choices = choices };

    public static Setting Address(string key, string meaning, string? otherwise = null, string? example = null) =>
        new(key, SettingType.Address, meaning) { Default = otherwise, Example = example };

    public static Setting Instant(string key, string meaning, string example) => new(key, SettingType.Instant, meaning) { Example = example };

    /// <summary>A variable of the environment that the platform sets, or that other programs read too.</summary>
    public static Setting OfPlatform(string key, string meaning, bool isSecret = false) =>
        new(key, SettingType.Text, meaning) { IsFromPlatform = true, IsSecret = isSecret };

    private static TimeSpan Time(string text) => TimeSpan.Parse(text, CultureInfo.InvariantCulture);
}
