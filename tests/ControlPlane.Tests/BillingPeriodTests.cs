using System.Globalization;
using Bibind.ControlPlane.Subscriptions;

namespace Bibind.ControlPlane.Tests;

/// <summary>Where paid periods end.</summary>
public sealed class BillingPeriodTests
{
    [Theory]
    [InlineData("2026-01-15T08:30:00Z", "monthly", 15, "2026-02-15T08:30:00Z")]
    [InlineData("2026-01-31T00:00:00Z", "monthly", 31, "2026-02-28T00:00:00Z")]
    [InlineData("2028-01-31T00:00:00Z", "monthly", 31, "2028-02-29T00:00:00Z")]
    [InlineData("2026-02-28T00:00:00Z", "monthly", 31, "2026-03-31T00:00:00Z")]
    [InlineData("2026-03-31T00:00:00Z", "monthly", 31, "2026-04-30T00:00:00Z")]
    [InlineData("2026-04-30T00:00:00Z", "monthly", 30, "2026-05-30T00:00:00Z")]
    [InlineData("2026-12-31T23:59:59Z", "monthly", 31, "2027-01-31T23:59:59Z")]
    [InlineData("2028-02-29T12:00:00Z", "yearly", 29, "2029-02-28T12:00:00Z")]
    [InlineData("2031-02-28T12:00:00Z", "yearly", 29, "2032-02-29T12:00:00Z")]
    [InlineData("2100-02-28T12:00:00Z", "yearly", 29, "2101-02-28T12:00:00Z")]
    [InlineData("2026-06-30T12:00:00Z", "yearly", 30, "2027-06-30T12:00:00Z")]

    // East of Greenwich the next day has begun: it is UTC that counts.
    [InlineData("2026-02-01T00:30:00+02:00", "monthly", 31, "2026-02-28T22:30:00Z")]
    public void A_period_ends_on_the_anchor_day_or_the_last_of_the_month(string from, string period, int anchor, string end) =>
        Assert.Equal(Time(end), BillingPeriod.EndOf(Time(from), period, anchor));

    [Fact]
    public void Two_years_of_months_from_the_31st_end_where_each_month_does()
    {
        var end = Time("2027-01-31T06:00:00Z");
        for (var month = 0; month < 24; month++)
        {
            end = BillingPeriod.EndOf(end, BillingPeriod.Monthly, 31);
            Assert.Equal(DateTime.DaysInMonth(end.Year, end.Month), end.Day);
        }

        Assert.Equal(Time("2029-01-31T06:00:00Z"), end);
    }

    [Fact]
    public void The_end_of_the_calendar_is_no_end_of_the_program()
    {
        Assert.Equal(9000, BillingPeriod.EndAround(DateTimeOffset.MaxValue, Time("8990-01-31T00:00:00Z"), BillingPeriod.Yearly, 31).Year);
        Assert.Equal(Time("9500-01-31T00:00:00Z"), BillingPeriod.EndOf(Time("9500-01-31T00:00:00Z"), BillingPeriod.Monthly, 31));
    }

    private static DateTimeOffset Time(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}
