using Bibind.Activities.Backup.Jobs;
using Xunit;

namespace Bibind.Activities.Tests.Backup;

public sealed class NextNightTests
{
    [Theory]
    [InlineData(null, "2026-03-01T12:00:00", "2026-03-02T02:00:00")]
    [InlineData(null, "2026-03-01T01:59:00", "2026-03-01T02:00:00")]
    [InlineData(null, "2026-03-01T02:30:00", "2026-03-01T02:00:00")]
    [InlineData("2026-03-01T02:00:00", "2026-03-01T02:59:00", "2026-03-02T02:00:00")]
    [InlineData("2026-03-01T02:00:00", "2026-03-04T09:00:00", "2026-03-05T02:00:00")]
    public void The_next_night_is_the_first_that_is_neither_done_nor_over(string? last, string now, string expected) =>
        Assert.Equal(At(expected), NextNight.After(last is null ? null : At(last), At(now), TimeSpan.FromHours(2)));

    private static DateTime At(string text) => DateTime.SpecifyKind(DateTime.Parse(text, System.Globalization.CultureInfo.InvariantCulture), DateTimeKind.Utc);
}
