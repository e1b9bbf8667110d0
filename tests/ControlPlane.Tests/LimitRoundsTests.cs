using System.Diagnostics;
using System.Globalization;
using Bibind.ControlPlane.Tenants;
using Bibind.ControlPlane.UsageLimits;

namespace Bibind.ControlPlane.Tests;

/// <summary>Limits of many tenants, told once; <c>TENANTS</c> says of how many.</summary>
public sealed class LimitRoundsTests(PostgresCluster postgres)
{
    private const string Notices = "select concat_ws(' ', n.cause, n.data ->> 'used', n.data ->> 'limit') from control.notices n where kind = 'quota-reached' and closed_at is null order by id";
    private static readonly int Many = int.TryParse(Environment.GetEnvironmentVariable("TENANTS"), CultureInfo.InvariantCulture, out var many) ? many : 3000;
    private static readonly LimitTerms Telling = new(TimeSpan.FromMinutes(15), TimeSpan.FromHours(3), LimitAction.None);
    private static readonly LimitTerms Suspending = Telling with { Action = LimitAction.Suspend };

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_threshold_is_told_once_and_again_after_it_was_left()
    {
        await using var plane = await PlaneAsync();

        await MeasureAsync(plane, users: 4);
        Assert.Equal(1, await RoundAsync(plane));
        Assert.Equal(0, await RoundAsync(plane));
        Assert.Equal(["users 80 4 5"], await plane.QueryAsync(Notices));

        await MeasureAsync(plane, users: 5, bytes: 11L << 30);
        Assert.Equal(2, await RoundAsync(plane));
        Assert.Equal(["storage 100 11 GiB 10 GiB", "users 100 5 5", "users 80 4 5"], (await plane.QueryAsync(Notices)).Order(StringComparer.Ordinal));

        await MeasureAsync(plane, users: 1, bytes: 9L << 30);
        await RoundAsync(plane);
        Assert.Empty(await plane.QueryAsync(Notices));
        Assert.Equal(["storage 80"], await plane.QueryAsync("select concat_ws(' ', resource, reached) from control.tenant_limits"));
        await MeasureAsync(plane, users: 1, bytes: 1);
        await RoundAsync(plane);
        Assert.Empty(await plane.QueryAsync("select resource from control.tenant_limits"));

        await MeasureAsync(plane, users: 4);
        await RoundAsync(plane);
        Assert.Equal(["users 80 4 5"], await plane.QueryAsync(Notices));
        Assert.Equal(4, await plane.ScalarAsync<int>("select count(*)::int from control.notices"));
    }

    [Fact]
    public async Task What_is_old_or_failed_raises_nothing_and_a_tenants_own_limit_goes_before_its_plans()
    {
        await using var plane = await PlaneAsync();
        await MeasureAsync(plane, users: 9, more: "measured_at = now() - interval '4 hours'");
        Assert.Equal(0, await RoundAsync(plane));
        await MeasureAsync(plane, users: 9, more: "failed_at = now(), reason = 'No disk.'");
        Assert.Equal(0, await RoundAsync(plane));

        await plane.ExecuteAsync("update control.tenants set max_users = 20, max_storage_bytes = 1000");
        await MeasureAsync(plane, users: 9, bytes: 900);
        await RoundAsync(plane);
        Assert.Equal(["storage 80 900 bytes 1000 bytes"], await plane.QueryAsync(Notices));
    }

    [Fact]
    public async Task Who_is_over_is_warned_once_and_found_after_the_grace_by_a_new_measurement_alone()
    {
        await using var plane = await PlaneAsync();
        var store = plane.Get<LimitStore>();
        await MeasureAsync(plane, users: 7);
        await RoundAsync(plane, Suspending);
        await RoundAsync(plane, Suspending);
        Assert.Equal(["users exceeded 7 5"], await plane.QueryAsync(Notices));
        Assert.Empty(await ToSuspendAsync(store));

        // The starter plan has seven days.
        await plane.ExecuteAsync("update control.tenant_limits set over_since = now() - interval '8 days', warned_at = now() - interval '8 days'");
        var due = Assert.Single(await ToSuspendAsync(store));
        Assert.Equal("t1", due.Code);
        Assert.Contains("7 internal users, and 5 internal users are allowed", await ExplainAsync(plane, due), StringComparison.Ordinal);

        foreach (var spoiled in new[] { "measured_at = now() - interval '4 hours'", "failed_at = now()", "users = 5" })
        {
            await MeasureAsync(plane, users: 7, more: spoiled);
            Assert.Empty(await ToSuspendAsync(store));
            Assert.Null(await ExplainAsync(plane, due));
        }

        await MeasureAsync(plane, users: 7);
        await plane.ExecuteAsync(
            $"insert into control.jobs (id, kind, tenant_id, tenant_code, subject, requested_by, changing, created_at, finished_at, outcome) values ('suspend-t1', 'suspend', {due.TenantId}, 't1', 't1', 'limits', true, now(), now(), 'failed')");
        Assert.Empty(await ToSuspendAsync(store));
    }

    [Fact]
    public async Task Who_was_suspended_for_it_is_opened_within_the_limits_unless_the_subscription_wants_it_closed()
    {
        await using var plane = await PlaneAsync();
        var store = plane.Get<LimitStore>();
        await MeasureAsync(plane, users: 7);
        await RoundAsync(plane, Suspending);
        await plane.ExecuteAsync(
            """
            update control.tenants set state = 'suspended';
            insert into control.tenant_suspensions (tenant_id, cause, reason, requested_by, job_id, ordered_at, suspended_at)
            select id, 'quota', 'r', 'limits', 'j', now(), now() from control.tenants;
            insert into control.subscriptions (tenant_id, tenant, plan, period, started_at, anchor_day, state, suspension, created_at, updated_at)
            select id, code, plan, 'monthly', now(), 1, 'suspended', 'payment', now(), now() from control.tenants;
            """);
        await RoundAsync(plane, Suspending);
        Assert.Equal(["users 100"], await plane.QueryAsync("select concat_ws(' ', resource, reached, over_since, warned_at) from control.tenant_limits"));
        Assert.Empty(await store.FindToOpenAsync(10, Token));

        await plane.ExecuteAsync("update control.tenants set max_users = 10");
        Assert.Empty(await store.FindToOpenAsync(10, Token));
        await plane.ExecuteAsync("update control.subscriptions set state = 'active', suspension = null");
        var open = Assert.Single(await store.FindToOpenAsync(10, Token));
        Assert.True(await plane.InTransactionAsync((c, t) => LimitStore.MayOpenAsync(c, t, open, Token)));

        await plane.ExecuteAsync("update control.tenant_suspensions set failure = 'It does not answer.'");
        Assert.Empty(await store.FindToOpenAsync(10, Token));
        Assert.False(await plane.InTransactionAsync((c, t) => LimitStore.MayOpenAsync(c, t, open, Token)));
    }

    [Fact]
    public async Task A_round_that_breaks_off_leaves_nothing_and_the_next_does_it()
    {
        await using var plane = await PlaneAsync();
        await MeasureAsync(plane, users: 7);
        await plane.ExecuteAsync(
            """
            create function control.broken() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
            create trigger broken before insert on control.notices for each row execute function control.broken();
            """);
        await Assert.ThrowsAnyAsync<Exception>(() => RoundAsync(plane));
        Assert.Empty(await plane.QueryAsync("select resource from control.tenant_limits"));
        await plane.ExecuteAsync("drop trigger broken on control.notices");

        // It is still the tenant's turn.
        Assert.Equal(1, await plane.Get<LimitRounds>().RunAsync(Telling, DateTimeOffset.UtcNow, Token));
        Assert.Equal(["users 100 7 5"], await plane.QueryAsync(Notices));
    }

    [Fact]
    public async Task Nothing_is_kept_of_tenants_that_have_ended()
    {
        await using var plane = await PlaneAsync();
        await MeasureAsync(plane, users: 7);
        await RoundAsync(plane);
        await plane.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now()");
        await RoundAsync(plane);
        Assert.Equal(0, await plane.ScalarAsync<int>("select (select count(*) from control.tenant_limits)::int + (select count(*) from control.tenant_checks)::int + (select count(*) from control.notices where closed_at is null)::int"));
    }

    [Fact]
    public async Task Tenants_come_at_moments_of_their_own_and_those_that_were_missed_once()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(Many);
        var (rounds, moment) = (plane.Get<LimitRounds>(), new DateTimeOffset(2027, 3, 1, 0, 0, 0, TimeSpan.Zero));
        await rounds.RunAsync(Telling, moment, Token);
        var byMinute = (await plane.QueryAsync("select count(*)::text from control.tenant_checks group by date_trunc('minute', due_at)")).Select(c => int.Parse(c, CultureInfo.InvariantCulture)).ToList();
        Assert.InRange(byMinute.Count, 15, 16);
        Assert.InRange(byMinute.Max(), 1, Many / 15 * 1.2);

        // A day without a host: all come once, and at their own moments from then on.
        Assert.Equal(Many, await TakeAllAsync(plane, moment.AddDays(1)));
        Assert.Equal(0, await TakeAllAsync(plane, moment.AddDays(1)));
        Assert.Equal(Many, await TakeAllAsync(plane, moment.AddDays(1).AddMinutes(15)));
        Assert.InRange(int.Parse((await plane.QueryAsync("select max(c)::text from (select count(*) as c from control.tenant_checks group by date_trunc('minute', due_at)) x"))[0], CultureInfo.InvariantCulture), 1, Many / 15 * 1.2);
    }

    [Fact]
    public async Task Thousands_are_compared_by_several_machines_at_once_and_each_is_told_once()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(Many);
        await plane.ExecuteAsync("update control.tenant_usage set users = 5 where tenant_id % 10 = 0");
        var rounds = plane.Get<LimitRounds>();
        var moment = DateTimeOffset.UtcNow;
        await rounds.RunAsync(Telling, moment.AddMinutes(-15), Token);
        var watch = Stopwatch.StartNew();

        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => rounds.RunAsync(Telling, moment.AddMinutes(1), Token), Token)));
        var told = watch.ElapsedMilliseconds;
        Assert.Equal(0, await rounds.RunAsync(Telling, moment.AddMinutes(20), Token));
        var quiet = watch.ElapsedMilliseconds - told;

        Assert.Equal(Many / 10, counts.Sum());
        Assert.Equal(Many / 10, await plane.ScalarAsync<int>("select count(distinct subject)::int from control.notices"));
        Assert.Equal(Many / 10, await plane.ScalarAsync<int>("select count(*)::int from control.notices"));
        TestContext.Current.SendDiagnosticMessage($"{Many} tenants: {Many / 10} told {told} ms, all compared and none told {quiet} ms");
    }

    private async Task<TestPlane> PlaneAsync()
    {
        var plane = await postgres.NewPlaneAsync();
        await plane.FillAsync(1);
        return plane;
    }

    private static Task MeasureAsync(TestPlane plane, int users, long bytes = 1, string more = "failed_at = null") => plane.ExecuteAsync(
        $"update control.tenant_usage set measured_at = now(), failed_at = null, reason = null, users = {users}, database_bytes = {bytes}; update control.tenant_usage set {more}");

    // Whatever its own moment is, the tenant's turn has come.
    private static async Task<int> RoundAsync(TestPlane plane, LimitTerms? terms = null)
    {
        await plane.Get<TenantChecks>().SyncAsync(TenantCheckNames.Limits, DateTimeOffset.UtcNow, Telling.Period, Token);
        await plane.ExecuteAsync("update control.tenant_checks set due_at = '-infinity'");
        return await plane.Get<LimitRounds>().RunAsync(terms ?? Telling, DateTimeOffset.UtcNow.AddMinutes(15), Token);
    }

    private static Task<int> TakeAllAsync(TestPlane plane, DateTimeOffset moment) => plane.InTransactionAsync(
        async (c, t) => (await TenantChecks.TakeAsync(c, t, TenantCheckNames.Limits, moment, Telling.Period, int.MaxValue, Token)).Count);

    private static Task<IReadOnlyList<LimitedTenant>> ToSuspendAsync(LimitStore store) => store.FindToSuspendAsync(Telling.MaxAge, 10, Token);

    private static Task<string?> ExplainAsync(TestPlane plane, LimitedTenant tenant) =>
        plane.InTransactionAsync((c, t) => plane.Get<LimitStore>().ExplainAsync(c, t, tenant, Telling.MaxAge, Token));
}
