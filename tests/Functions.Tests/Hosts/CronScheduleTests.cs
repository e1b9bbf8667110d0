using Bibind.Functions.Hosts;
using Bibind.Functions.Timers;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>Schedules in the dialect of Azure Functions.</summary>
public sealed class CronScheduleTests
{
    [Theory]
    [InlineData("0 */5 * * * *", "2026-03-01T12:07:30Z", "2026-03-01T12:05:00Z", "2026-03-01T12:10:00Z")]
    [InlineData("0 */5 * * * *", "2026-03-01T12:05:00Z", "2026-03-01T12:05:00Z", "2026-03-01T12:10:00Z")]
    [InlineData("0 */5 * * * *", "2026-03-01T12:04:59.9999999Z", "2026-03-01T12:00:00Z", "2026-03-01T12:05:00Z")]
    [InlineData("0 0 2 * * *", "2026-03-01T01:00:00Z", "2026-02-28T02:00:00Z", "2026-03-01T02:00:00Z")]
    [InlineData("0 30 9 1 * *", "2026-03-15T00:00:00Z", "2026-03-01T09:30:00Z", "2026-04-01T09:30:00Z")]
    [InlineData("0 0 0 29 2 *", "2026-03-01T00:00:00Z", "2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z")]
    [InlineData("* * * * * *", "2026-03-01T12:00:00.5Z", "2026-03-01T12:00:00Z", "2026-03-01T12:00:01Z")]
    [InlineData("0 0 9 * * 1-5", "2026-03-01T12:00:00Z", "2026-02-27T09:00:00Z", "2026-03-02T09:00:00Z")]
    public void The_last_moment_and_the_next(string schedule, string now, string latest, string next)
    {
        var cron = new CronSchedule(schedule);

        Assert.Equal(Time(latest), cron.LatestUntil(Time(now)));
        Assert.Equal(Time(next), cron.NextAfter(Time(now)));
    }

    [Theory]
    [InlineData("")]
    [InlineData("* * * * *")]
    [InlineData("0 61 * * * *")]
    [InlineData("every minute")]
    public void What_is_no_schedule_is_refused_in_words(string text)
    {
        var wrong = Assert.Throws<FormatException>(() => new CronSchedule(text));

        Assert.Contains("six fields", wrong.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_declared_schedule_can_be_read_on_every_host() =>
        Assert.All(
            Enum.GetValues<HostKind>().SelectMany(kind => Declarations.For(kind).Timers),
            timer => Assert.NotNull(new CronSchedule(timer.Schedule).LatestUntil(DateTimeOffset.UtcNow)));

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, System.Globalization.CultureInfo.InvariantCulture);
}
