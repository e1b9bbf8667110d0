using System.Globalization;
using Bibind.Functions.Timers;
using CsCheck;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>What holds of schedules at any moment: the ends of months and leap days most of all.</summary>
public sealed class CronScheduleProperties
{
    private static readonly DateTimeOffset First = new(2024, 1, 1, 0, 0, 0, TimeSpan.Zero);

    private static readonly Gen<string> Schedules = Gen.OneOf(
        Gen.Int[0, 3].Select(i => new[] { "0 */5 * * * *", "30 0 * * * *", "0 0 3 * * *", "0 0 9 * * 1-5" }[i]),
        Gen.Select(Gen.Int[0, 23], Gen.Int[1, 31], (hour, day) => string.Create(CultureInfo.InvariantCulture, $"0 0 {hour} {day} * *")));

    private static readonly Gen<DateTimeOffset> Moments = Gen.OneOf(
        Gen.Long[0, 8 * 366 * TimeSpan.TicksPerDay].Select(ticks => First.AddTicks(ticks)),
        Gen.Select(Gen.Int[0, 96], Gen.Int[-2, 2], (month, ticks) => First.AddMonths(month).AddTicks(ticks)));

    [Fact]
    public void Between_the_last_moment_and_the_next_there_is_none() => Gen.Select(Schedules, Moments).Sample((schedule, now) =>
    {
        var cron = new CronSchedule(schedule);
        var (latest, next) = (cron.LatestUntil(now)!.Value, cron.NextAfter(now));
        Assert.True(latest <= now && now < next);
        Assert.Equal(next, cron.NextAfter(latest));
        Assert.Equal(latest, cron.LatestUntil(next.AddTicks(-1)));
    });

    [Fact]
    public void A_month_without_the_day_is_left_out() => Gen.Select(Gen.Int[29, 31], Moments).Sample((day, now) =>
    {
        var next = new CronSchedule(string.Create(CultureInfo.InvariantCulture, $"0 0 0 {day} * *")).NextAfter(now);
        Assert.Equal((day, TimeSpan.Zero), (next.Day, next.TimeOfDay));
        Assert.True(next - now <= TimeSpan.FromDays(62));
    });
}
