using Bibind.ControlPlane.Subscriptions;

namespace Bibind.ControlPlane.Tests;

/// <summary>Whom time reminds, and that it does so once.</summary>
public sealed class SubscriptionRemindersTests(PostgresCluster postgres)
{
    [Fact]
    public async Task Each_reminder_is_told_once_and_what_was_missed_says_the_days_that_are_left()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.AddServerAsync();
        var tenant = await plane.MustReserveAsync("trial");
        await plane.MustReserveAsync("paid");
        await plane.Get<SubscriptionRounds>().OpenMissingAsync(
            new SubscriptionCause(SubscriptionCause.Timer, "keepSubscriptions 2026-11-30T00:07:00Z", "timer"), TestContext.Current.CancellationToken);

        Assert.Equal(0, await RemindAsync(plane));
        foreach (var (left, days) in new[] { ("6 days", 7), ("2 days", 3), ("5 hours", 1) })
        {
            await plane.ScalarAsync<int>($"update control.subscriptions set state = 'trial', trial_until = now() + interval '{left}' where tenant_id = {tenant.TenantId}; select 1");
            Assert.Equal(1, await RemindAsync(plane));
            Assert.Equal(0, await RemindAsync(plane));
            Assert.Equal(
                $"trial-ending {days}",
                await plane.ScalarAsync<string>("select concat(kind, ' ', data ->> 'days') from control.notices order by id desc limit 1"));
        }

        await plane.ScalarAsync<int>(
            $"update control.subscriptions set state = 'past_due', past_due_since = now(), grace_until = now() + interval '3 hours' where tenant_id = {tenant.TenantId}; select 1");
        Assert.Equal(1, await RemindAsync(plane));
        Assert.Equal(0, await RemindAsync(plane));
        Assert.Equal(4, await plane.ScalarAsync<int>("select count(*)::int from control.notices"));

        // What is over is told by what comes then.
        await plane.ScalarAsync<int>("update control.subscriptions set grace_until = now() - interval '1 hour' where state = 'past_due'; select 1");
        Assert.Equal(0, await RemindAsync(plane));
    }

    private static Task<int> RemindAsync(TestPlane plane) => plane.Get<SubscriptionReminders>().RemindAsync(TestContext.Current.CancellationToken);
}
