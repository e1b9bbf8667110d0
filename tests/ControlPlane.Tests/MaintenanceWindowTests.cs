using System.Globalization;
using Bibind.Contracts;

namespace Bibind.ControlPlane.Tests;

public sealed class MaintenanceWindowTests
{
    // 2026-03-06 is a Friday.
    [Theory]
    [InlineData("22:00", "23:00", null, "2026-03-06T10:00", "2026-03-06T22:00")]
    [InlineData("22:00", "23:00", null, "2026-03-06T22:30", "2026-03-06T22:30")]
    [InlineData("22:00", "23:00", null, "2026-03-06T23:00", "2026-03-07T22:00")]
    [InlineData("22:00", "04:00", null, "2026-03-06T03:59", "2026-03-06T03:59")]
    [InlineData("22:00", "04:00", null, "2026-03-06T04:00", "2026-03-06T22:00")]
    [InlineData("22:00", "04:00", DayOfWeek.Friday, "2026-03-07T01:00", "2026-03-07T01:00")]
    [InlineData("22:00", "04:00", DayOfWeek.Friday, "2026-03-06T01:00", "2026-03-06T22:00")]
    [InlineData("22:00", "04:00", DayOfWeek.Friday, "2026-03-07T04:00", "2026-03-13T22:00")]
    [InlineData("00:00", "06:00", DayOfWeek.Thursday, "2026-03-06T00:00", "2026-03-12T00:00")]
    public void It_opens_at_the_first_moment_that_lies_in_it(string from, string until, DayOfWeek? day, string moment, string expected)
    {
        var window = new MaintenanceWindow
        {
            From = TimeOnly.Parse(from, CultureInfo.InvariantCulture),
            Until = TimeOnly.Parse(until, CultureInfo.InvariantCulture),
            Days = day is { } only ? [only] : [],
        };

        Assert.Equal(At(expected), window.Next(At(moment)));
    }

    // In Paris clocks go forward at 01:00 UTC on 29 March 2026, and back at 01:00 UTC on 25 October 2026, both Sundays.
    [Theory]
    [InlineData("Europe/Paris", "22:00", "04:00", null, "2026-01-10T12:00", "2026-01-10T21:00")]
    [InlineData("Europe/Paris", "22:00", "04:00", null, "2026-07-10T12:00", "2026-07-10T20:00")]
    [InlineData("Europe/Paris", "00:30", "03:00", DayOfWeek.Saturday, "2026-01-09T22:00", "2026-01-09T23:30")]
    [InlineData("Europe/Paris", "02:30", "05:00", DayOfWeek.Sunday, "2026-03-28T12:00", "2026-03-29T01:30")]
    [InlineData("Europe/Paris", "02:30", "05:00", DayOfWeek.Sunday, "2026-10-24T12:00", "2026-10-25T01:30")]
    [InlineData("America/New_York", "23:00", "01:00", DayOfWeek.Friday, "2026-01-10T05:00", "2026-01-10T05:00")]
    [InlineData("Pacific/Kiritimati", "01:00", "02:00", DayOfWeek.Monday, "2026-01-10T00:00", "2026-01-11T11:00")]
    public void The_clocks_of_its_zone_count(string zone, string from, string until, DayOfWeek? day, string moment, string expected)
    {
        var window = new MaintenanceWindow
        {
            From = TimeOnly.Parse(from, CultureInfo.InvariantCulture),
            Until = TimeOnly.Parse(until, CultureInfo.InvariantCulture),
            Days = day is { } only ? [only] : [],
            TimeZone = zone,
        };

        Assert.Equal(At(expected), window.Next(At(moment)));
    }

    private static DateTime At(string moment) => DateTime.SpecifyKind(DateTime.Parse(moment, CultureInfo.InvariantCulture), DateTimeKind.Utc);
}
