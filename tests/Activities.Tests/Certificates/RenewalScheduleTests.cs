using Bibind.Activities.Certificates;
using Bibind.Activities.Certificates.Acme;
using Xunit;

namespace Bibind.Activities.Tests.Certificates;

public sealed class RenewalScheduleTests
{
    private static readonly DateTimeOffset Begin = new(2027, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Theory]
    [InlineData(90)]
    [InlineData(45)]
    [InlineData(6)]
    public void Without_a_window_it_is_two_thirds_of_the_life_and_a_little_more(int days)
    {
        var end = Begin.AddDays(days);
        var decisions = Enumerable.Range(0, 200).Select(i => RenewalSchedule.Decide(Begin, Begin, end, null, $"tenant-{i}")).ToList();

        Assert.All(decisions, d => Assert.InRange((d.RenewAt - Begin) / (end - Begin), 2.0 / 3, 0.75));
        Assert.All(decisions, d => Assert.Equal((false, d.RenewAt), (d.IsDue, d.LookAt)));
    }

    [Fact]
    public void Certificates_that_began_together_are_spread()
    {
        var end = Begin.AddDays(90);

        var days = Enumerable.Range(0, 200).Select(i => RenewalSchedule.Decide(Begin, Begin, end, null, $"tenant-{i}").RenewAt.Date).Distinct();

        Assert.InRange(days.Count(), 6, 9);
    }

    [Fact]
    public void With_a_window_it_is_a_time_in_it_that_stays_the_same()
    {
        var window = new RenewalWindow(Begin.AddDays(50), Begin.AddDays(52), TimeSpan.FromHours(6));

        var first = RenewalSchedule.Decide(Begin.AddDays(1), Begin, Begin.AddDays(90), window, "acme");
        var second = RenewalSchedule.Decide(Begin.AddDays(2), Begin, Begin.AddDays(90), window, "acme");

        Assert.InRange(first.RenewAt, window.Start, window.End);
        Assert.Equal(first.RenewAt, second.RenewAt);
        Assert.Equal(Begin.AddDays(1).AddHours(6), first.LookAt);
    }

    [Fact]
    public void A_window_in_the_past_is_now()
    {
        var window = new RenewalWindow(Begin.AddDays(-2), Begin.AddDays(-1), TimeSpan.FromHours(6));

        Assert.True(RenewalSchedule.Decide(Begin, Begin.AddDays(-3), Begin.AddDays(90), window, "acme").IsDue);
    }

    [Theory]
    [InlineData(1, 60)]
    [InlineData(7 * 24 * 3600, 24 * 3600)]
    public void The_window_is_asked_for_again_between_a_minute_and_a_day(int told, int kept)
    {
        var window = new RenewalWindow(Begin.AddDays(50), Begin.AddDays(52), TimeSpan.FromSeconds(told));

        Assert.Equal(Begin.AddSeconds(kept), RenewalSchedule.Decide(Begin, Begin, Begin.AddDays(90), window, "acme").LookAt);
    }

    [Fact]
    public void Failures_are_put_off_longer_each_time_but_never_too_long_for_what_is_left()
    {
        var end = Begin.AddDays(20);

        var pauses = Enumerable.Range(1, 8).Select(n => RenewalSchedule.AfterFailure(Begin, end, n) - Begin).ToList();

        Assert.Equal([1, 2, 4, 8, 16, 32, 32, 32], pauses.Select(p => p.TotalHours));
        Assert.Equal(TimeSpan.FromMinutes(30), RenewalSchedule.AfterFailure(end.AddHours(-5), end, 9) - end.AddHours(-5));
        Assert.Equal(TimeSpan.FromHours(1), RenewalSchedule.AfterFailure(end.AddDays(1), end, 9) - end.AddDays(1));
    }

    [Fact]
    public void The_last_fifth_of_the_life_is_urgent()
    {
        var end = Begin.AddDays(90);

        Assert.False(RenewalSchedule.IsUrgent(Begin.AddDays(71), Begin, end));
        Assert.True(RenewalSchedule.IsUrgent(Begin.AddDays(73), Begin, end));
    }

    [Fact]
    public void The_id_of_a_certificate_is_the_one_of_the_standards_example() =>
        Assert.Equal(
            "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE",
            RenewalInfo.IdOf(Convert.FromHexString("69885B6B87464041E1B37B847BA0AE2CDE01C8D4"), Convert.FromHexString("0087654321")));
}
