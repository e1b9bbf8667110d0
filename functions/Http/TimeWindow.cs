using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text.Json.Serialization;
using Bibind.Contracts;
using Bibind.Functions.Requests;

namespace Bibind.Functions.Http;

/// <summary>When a tenant may be closed.</summary>
public sealed record TimeWindow
{
    private const string Format = "HH:mm";

    /// <summary>When it begins, such as <c>22:00</c>.</summary>
    public string? From { get; init; }

    /// <summary>When it ends, such as <c>04:00</c>; before its beginning, it goes over midnight.</summary>
    public string? Until { get; init; }

    /// <summary>The days on which it begins, such as <c>saturday</c>; all unless given.</summary>
    [DisallowNull]
    public IReadOnlyList<string>? Days { get; init; }

    /// <summary>The zone whose clocks count, such as <c>Europe/Paris</c>; UTC unless given.</summary>
    [DisallowNull]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? TimeZone { get; init; }

    internal static TimeWindow? Of(MaintenanceWindow? window)
    {
        if (window is null)
        {
            return null;
        }

        var shown = new TimeWindow
        {
            From = window.From.ToString(Format, CultureInfo.InvariantCulture),
            Until = window.Until.ToString(Format, CultureInfo.InvariantCulture),
            Days = [.. window.Days.Select(NameOf)],
        };
        return window.TimeZone is { } zone ? shown with { TimeZone = zone } : shown;
    }

    /// <summary>As the control plane has it; nothing is wrong with it.</summary>
    internal MaintenanceWindow Read() => new()
    {
        From = TimeOf(From)!.Value,
        Until = TimeOf(Until)!.Value,
        Days = [.. (Days ?? []).Select(day => DayOf(day)!.Value).Distinct()],
        TimeZone = TimeZone,
    };

    /// <summary>Adds what is wrong with it.</summary>
    /// <param name="field">Where it stands, such as <c>window</c>.</param>
    /// <param name="errors">Where that is said.</param>
    internal void Check(string field, FieldErrors errors)
    {
        foreach (var (name, text) in new[] { ("from", From), ("until", Until) })
        {
            if (TimeOf(text) is null)
            {
                errors.Add($"{field}.{name}", "must be a time of day, such as 22:00");
            }
        }

        if (TimeOf(From) is { } from && from == TimeOf(Until))
        {
            errors.Add($"{field}.until", $"must be another time than 'from'; leave '{field}' out for any time");
        }

        if (Days is { } days && days.Any(d => DayOf(d) is null))
        {
            errors.Add($"{field}.days", "must be days of the week, such as saturday");
        }

        if (TimeZone is { } zone && !IsZone(zone))
        {
            errors.Add($"{field}.timeZone", "must be a time zone of the IANA database such as Europe/Paris; leave it out for UTC");
        }
    }

    // What this machine could not reckon with would fail when the time has come.
    private static bool IsZone(string zone) => zone.Length <= 64 && TimeZoneInfo.TryFindSystemTimeZoneById(zone, out var found) && found.HasIanaId && found.Id == zone;

    private static TimeOnly? TimeOf(string? text) =>
        TimeOnly.TryParseExact(text, Format, CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static DayOfWeek? DayOf(string? text) => Enum.GetValues<DayOfWeek>().Cast<DayOfWeek?>().FirstOrDefault(day => string.Equals(NameOf(day!.Value), text, StringComparison.OrdinalIgnoreCase));

    [SuppressMessage("Globalization", "CA1308", Justification = "The names that people write.")]
    private static string NameOf(DayOfWeek day) => day.ToString().ToLowerInvariant();
}
