namespace Bibind.ControlPlane.Subscriptions;

/// <summary>The periods for which a subscription is paid, in UTC. The time of day stays as it is.</summary>
public static class BillingPeriod
{
    public const string Monthly = "monthly";
    public const string Yearly = "yearly";

    // Nothing is paid for so long; what comes near the end of the calendar stays where it is.
    private const int LastYear = 9000;

    /// <summary>Every period there is.</summary>
    public static IReadOnlyList<string> All { get; } = [Monthly, Yearly];

    /// <summary>
    /// The end of the period that begins at a moment: the anchor day of the next month, or of the same month a year later; the last day
    /// of a month that is too short. The anchor is kept: January 31 is followed by February 28 or 29, and that by March 31.
    /// </summary>
    /// <param name="from">The beginning.</param>
    /// <param name="period">One of <see cref="All"/>.</param>
    /// <param name="anchorDay">1 to 31.</param>
    public static DateTimeOffset EndOf(DateTimeOffset from, string period, int anchorDay)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(anchorDay, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(anchorDay, 31);
        var start = from.UtcDateTime;
        if (start.Year >= LastYear)
        {
            return from;
        }

        var month = new DateTime(start.Year, start.Month, 1, 0, 0, 0, DateTimeKind.Utc).AddMonths(period == Yearly ? 12 : 1);
        var day = Math.Min(anchorDay, DateTime.DaysInMonth(month.Year, month.Month));
        return new DateTimeOffset(month.AddDays(day - 1) + start.TimeOfDay, TimeSpan.Zero);
    }

    /// <summary>The end of the period in which a moment lies, of those that follow one another from the beginning on.</summary>
    public static DateTimeOffset EndAround(DateTimeOffset moment, DateTimeOffset start, string period, int anchorDay)
    {
        var end = EndOf(start, period, anchorDay);
        while (end <= moment && end.Year < LastYear)
        {
            end = EndOf(end, period, anchorDay);
        }

        return end;
    }
}
