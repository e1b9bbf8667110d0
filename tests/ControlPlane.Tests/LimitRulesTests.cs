using Bibind.ControlPlane.UsageLimits;

namespace Bibind.ControlPlane.Tests;

/// <summary>What a measurement means for a limit.</summary>
public sealed class LimitRulesTests
{
    private static readonly DateTimeOffset Now = new(2026, 11, 30, 12, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Before = Now.AddDays(-3);

    [Theory]
    [InlineData(79, 0, 0)]
    [InlineData(80, 0, 80)]
    [InlineData(99, 0, 80)]
    [InlineData(100, 0, 100)]
    [InlineData(200, 80, 100)]
    [InlineData(95, 100, 100)]
    [InlineData(94, 100, 80)]
    [InlineData(75, 80, 80)]
    [InlineData(75, 100, 80)]
    [InlineData(74, 80, 0)]
    [InlineData(74, 100, 0)]
    [InlineData(75, 0, 0)]
    public void A_threshold_is_reached_at_once_and_left_a_little_below(long used, int before, int after) =>
        Assert.Equal(after, LimitRules.Next(Standing(used, 100, before), LimitAction.None, Now).Reached);

    [Fact]
    public void Who_uses_all_that_is_allowed_uses_no_more_than_that()
    {
        var full = LimitRules.Next(Standing(5, 5), LimitAction.Suspend, Now);
        Assert.Equal((100, null, null), (full.Reached, full.OverSince, full.WarnedAt));
        var over = LimitRules.Next(Standing(6, 5), LimitAction.Suspend, Now);
        Assert.Equal((100, Now, Now), (over.Reached, over.OverSince, over.WarnedAt));
        Assert.Equal((Before, Before), (LimitRules.Next(Standing(6, 5, 100, Before, Before), LimitAction.Suspend, Now) is var still ? (still.OverSince, still.WarnedAt) : default));
        Assert.Equal((null, null), (LimitRules.Next(Standing(5, 5, 100, Before, Before), LimitAction.Suspend, Now) is var under ? (under.OverSince, under.WarnedAt) : default));
    }

    [Fact]
    public void The_grace_counts_from_the_warning_and_there_is_none_where_nothing_is_done()
    {
        var known = LimitRules.Next(Standing(6, 5, 100, Before), LimitAction.None, Now);
        Assert.Equal((Before, null), (known.OverSince, known.WarnedAt));
        Assert.Equal(Now, LimitRules.Next(known, LimitAction.Suspend, Now).WarnedAt);
        Assert.Null(LimitRules.Next(Standing(6, 5, 100, Before, Before), LimitAction.None, Now).WarnedAt);
    }

    [Theory]
    [InlineData("active", false)]
    [InlineData("suspended", true)]
    [InlineData("restoring", true)]
    public void What_is_old_or_of_a_closed_tenant_raises_nothing_and_may_only_make_it_better(string state, bool isCurrent)
    {
        var risen = LimitRules.Next(Standing(9, 5) with { State = state, IsCurrent = isCurrent }, LimitAction.Suspend, Now);
        Assert.Equal((0, null, null), (risen.Reached, risen.OverSince, risen.WarnedAt));
        var better = LimitRules.Next(Standing(9, 100, 100, Before, Before) with { State = state, IsCurrent = isCurrent }, LimitAction.Suspend, Now);
        Assert.Equal((0, null, null), (better.Reached, better.OverSince, better.WarnedAt));
    }

    [Fact]
    public void A_suspended_tenant_has_its_grace_anew_and_one_that_is_worked_on_goes_on()
    {
        Assert.Null(LimitRules.Next(Standing(9, 5, 100, Before, Before) with { State = "suspended" }, LimitAction.Suspend, Now).OverSince);
        Assert.Equal(Before, LimitRules.Next(Standing(9, 5, 100, Before, Before) with { State = "upgrading" }, LimitAction.Suspend, Now).WarnedAt);
        Assert.Equal(Before, LimitRules.Next(Standing(9, 5, 100, Before, Before) with { IsCurrent = false }, LimitAction.Suspend, Now).WarnedAt);
    }

    [Fact]
    public void Without_a_limit_nothing_is_reached_and_without_a_measurement_nothing_changes()
    {
        var free = LimitRules.Next(Standing(long.MaxValue, 5, 100, Before, Before) with { Allowed = null }, LimitAction.Suspend, Now);
        Assert.Equal((0, null), (free.Reached, free.OverSince));
        var unknown = Standing(0, 5, 80) with { Used = null };
        Assert.Equal(unknown, LimitRules.Next(unknown, LimitAction.Suspend, Now));
        Assert.Equal(100, LimitRules.Next(Standing(long.MaxValue, long.MaxValue), LimitAction.None, Now).Reached);
    }

    [Theory]
    [InlineData("users", 7, "7")]
    [InlineData("storage", 0, "0 bytes")]
    [InlineData("storage", 1536, "1.5 KiB")]
    [InlineData("storage", 10737418240, "10 GiB")]
    [InlineData("storage", long.MaxValue, "8 EiB")]
    public void Amounts_are_said_in_words(string resource, long amount, string words) => Assert.Equal(words, LimitRules.Show(resource, amount));

    private static LimitStanding Standing(long used, long allowed, int reached = 0, DateTimeOffset? over = null, DateTimeOffset? warned = null) => new()
    {
        TenantId = 1,
        State = "active",
        Resource = LimitedResources.Users,
        Used = used,
        Allowed = allowed,
        Reached = reached,
        OverSince = over,
        WarnedAt = warned,
        IsCurrent = true,
    };
}
