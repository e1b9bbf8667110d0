using System.Globalization;

namespace Bibind.Functions.Settings.Catalogue;

/// <summary>What the text of a setting is read as.</summary>
internal enum SettingType
{
    Text,

    /// <summary><c>true</c> or <c>false</c>.</summary>
    Flag,

    /// <summary>A whole number.</summary>
    Number,

    /// <summary>Hours, minutes and seconds, such as <c>00:00:15</c>; days stand before a dot.</summary>
    Duration,

    /// <summary>One of some words.</summary>
    Choice,

    /// <summary>An http or https address.</summary>
    Address,

    /// <summary>A point in time in ISO 8601, with <c>Z</c> or an offset from UTC.</summary>
    Instant,
}

/// <summary>Which hosts a setting matters to.</summary>
internal enum SettingHosts
{
    All,

    /// <summary><c>Hosting__Kind=kestrel</c>.</summary>
    SelfHosted,

    /// <summary>The other kinds, where no process lives on.</summary>
    FunctionHosts,

    /// <summary>Commands of the program only.</summary>
    Commands,
}

/// <summary>One setting as it is declared: what reads, checks, describes and hides it follows from this.</summary>
/// <param name="Key">
/// The name with <c>:</c> between its parts; <c>{n}</c> stands for the numbers of a list, another word in braces for the names of a map.
/// </param>
/// <param name="Type">What the text is read as.</param>
/// <param name="Meaning">A sentence or two for operators, in Markdown.</param>
internal sealed record Setting(string Key, SettingType Type, string Meaning)
{
    /// <summary>What is taken where nothing is set; null where nothing is.</summary>
    public string? Default { get; init; }

    /// <summary>What is taken where nothing is set, in words, if it depends on something.</summary>
    public string? DefaultInWords { get; init; }

    /// <summary>True if no host starts without it.</summary>
    public bool IsRequired { get; init; }

    /// <summary>True if its value is shown to nobody.</summary>
    public bool IsSecret { get; init; }

    /// <summary>A value as one would write it.</summary>
    public string? Example { get; init; }

    /// <summary>Smallest and largest number.</summary>
    public (long From, long To)? Numbers { get; init; }

    /// <summary>Shortest and longest time.</summary>
    public (TimeSpan From, TimeSpan To)? Times { get; init; }

    /// <summary>The words to choose from.</summary>
    public IReadOnlyList<string> Choices { get; init; } = [];

    public SettingHosts Hosts { get; init; }

    /// <summary>True if the platform sets it in the environment, under a name of its own.</summary>
    public bool IsFromPlatform { get; init; }

    /// <summary>The name as people write it.</summary>
    public string Name => NameOf(Key);

    /// <summary>What may be written, in words; empty if any text may.</summary>
    public string Range => Type switch
    {
        SettingType.Flag => "true or false",
        SettingType.Number when Numbers is (var from, int.MaxValue or long.MaxValue) => string.Create(CultureInfo.InvariantCulture, $"a whole number, {from} or more"),
        SettingType.Number => string.Create(CultureInfo.InvariantCulture, $"a whole number from {Numbers!.Value.From} to {Numbers.Value.To}"),
        SettingType.Duration => $"a time from {Times!.Value.From:c} to {Times.Value.To:c}, written as hours:minutes:seconds",
        SettingType.Choice => $"one of {string.Join(", ", Choices)}",
        SettingType.Address => "an http or https address",
        SettingType.Instant => "a date and time such as 2027-01-31T12:00:00Z or 2027-01-31T13:00:00+01:00",
        _ => string.Empty,
    };

    /// <summary>What is wrong with a value, without the setting's name; null if it is right.</summary>
    public string? FindProblem(string text)
    {
        text = text.Trim();
        return IsReadable(text) && IsInRange(text) ? null : $"must be {Range}.";
    }

    /// <summary>True if the text can be read as what it should be, in range or not.</summary>
    public bool IsReadable(string text) => Type switch
    {
        SettingType.Flag => bool.TryParse(text, out _),
        SettingType.Number => TryReadNumber(text, out var number) && (Numbers!.Value.To > int.MaxValue || number is >= int.MinValue and <= int.MaxValue),
        SettingType.Duration => TryReadDuration(text, out _),
        SettingType.Address => Uri.TryCreate(text, UriKind.Absolute, out var address) && address.Scheme is "http" or "https",
        SettingType.Instant => TryReadInstant(text, out _),
        _ => true,
    };

    /// <summary>Reads a point in time; one that does not say how far it is from UTC would mean another on each machine.</summary>
    public static bool TryReadInstant(string text, out DateTimeOffset instant) =>
        DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out instant)
        || DateTimeOffset.TryParseExact(text, "yyyy-MM-dd'T'HH:mm:sszzz", CultureInfo.InvariantCulture, DateTimeStyles.None, out instant);

    /// <summary>A setting's name as people write it.</summary>
    /// <param name="key">Its name with <c>:</c> between its parts.</param>
    public static string NameOf(string key) => key.Replace(ConfigurationPath.KeyDelimiter, "__", StringComparison.Ordinal);

    /// <summary>True if the name is this one's.</summary>
    public bool Matches(string key)
    {
        var mine = Key.Split(':');
        var parts = key.Split(':');
        return mine.Length == parts.Length && mine.Zip(parts).All(p => p.First switch
        {
            "{n}" => p.Second.Length > 0 && p.Second.All(char.IsAsciiDigit),
            ['{', ..] => p.Second.Length > 0,
            _ => string.Equals(p.First, p.Second, StringComparison.OrdinalIgnoreCase),
        });
    }

    private static bool TryReadNumber(string text, out long number) =>
        long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number);

    private static bool TryReadDuration(string text, out TimeSpan duration) => TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out duration);

    private bool IsInRange(string text) => Type switch
    {
        SettingType.Number => TryReadNumber(text, out var number) && number >= Numbers!.Value.From && number <= Numbers.Value.To,
        SettingType.Duration => TryReadDuration(text, out var duration) && duration >= Times!.Value.From && duration <= Times.Value.To,
        SettingType.Choice => Choices.Contains(text, StringComparer.OrdinalIgnoreCase),
        _ => true,
    };
}
