using NCrontab;

namespace Bibind.Functions.Timers;

/// <summary>A schedule in six fields, seconds first, in UTC: the dialect of Azure Functions, read by the library that it uses.</summary>
internal sealed class CronSchedule
{
    private static readonly CrontabSchedule.ParseOptions SixFields = new() { IncludingSeconds = true };

    // From short to long, so that few moments are gone through for a schedule of any pace.
    private static readonly TimeSpan[] LookBack =
        [TimeSpan.FromMinutes(1), TimeSpan.FromHours(1), TimeSpan.FromDays(1), TimeSpan.FromDays(32), TimeSpan.FromDays(366), TimeSpan.FromDays(8 * 366)];

    private readonly CrontabSchedule _schedule;

    /// <summary>Reads a schedule.</summary>
    /// <exception cref="FormatException">It is none.</exception>
    public CronSchedule(string text)
    {
        try
        {
            _schedule = CrontabSchedule.Parse(text, SixFields);
        }
        catch (CrontabException wrong)
        {
            throw new FormatException($"'{text}' is not a schedule of six fields (second minute hour day month weekday): {wrong.Message}", wrong);
        }
    }

    /// <summary>The last moment that is not after <paramref name="now"/>; null if there was none in eight years.</summary>
    public DateTimeOffset? LatestUntil(DateTimeOffset now)
    {
        // The library leaves both ends of a span out.
        var end = now.UtcDateTime.AddTicks(1);
        foreach (var span in LookBack)
        {
            var latest = _schedule.GetNextOccurrences(end - span, end).LastOrDefault();
            if (latest != default)
            {
                return Utc(latest);
            }
        }

        return null;
    }

    /// <summary>The first moment after <paramref name="now"/>.</summary>
    public DateTimeOffset NextAfter(DateTimeOffset now) => Utc(_schedule.GetNextOccurrence(now.UtcDateTime));

    private static DateTimeOffset Utc(DateTime time) => new(DateTime.SpecifyKind(time, DateTimeKind.Utc));
}
