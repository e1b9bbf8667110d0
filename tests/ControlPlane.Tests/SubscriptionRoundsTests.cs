using System.Diagnostics;
using System.Globalization;
using Bibind.ControlPlane.Subscriptions;
using Dapper;

namespace Bibind.ControlPlane.Tests;

/// <summary>What time does to many subscriptions; <c>SUBSCRIPTIONS</c> says how many there are beside those that are due.</summary>
public sealed class SubscriptionRoundsTests(PostgresCluster postgres)
{
    private static readonly int Others = int.TryParse(Environment.GetEnvironmentVariable("SUBSCRIPTIONS"), CultureInfo.InvariantCulture, out var many) ? many : 3000;
    private static readonly SubscriptionCause Timer = new(SubscriptionCause.Timer, "keepSubscriptions 2026-11-30T00:00:00Z", "timer");

    [Fact]
    public async Task What_is_due_changes_once_by_the_index_and_what_is_not_stays()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1_000_000);
        await FillAsync(plane);
        var rounds = plane.Get<SubscriptionRounds>();
        var plan = string.Join('\n', await QueryAsync(plane, $"explain {SubscriptionRounds.DueSql.Replace("@now", "now()", StringComparison.Ordinal).Replace("@Batch", "500", StringComparison.Ordinal)}"));
        Assert.Contains("subscriptions_due", plan, StringComparison.Ordinal);

        var watch = Stopwatch.StartNew();
        Assert.Equal(1200, await rounds.AdvanceAsync(Timer, TestContext.Current.CancellationToken));
        var first = watch.ElapsedMilliseconds;
        Assert.Equal(0, await rounds.AdvanceAsync(Timer, TestContext.Current.CancellationToken));
        var second = watch.ElapsedMilliseconds - first;
        Assert.Equal(0, await rounds.EndGoneAsync(Timer, TestContext.Current.CancellationToken));
        var gone = watch.ElapsedMilliseconds - first - second;
        Assert.Equal(0, await rounds.OpenMissingAsync(Timer, TestContext.Current.CancellationToken));
        var missing = watch.ElapsedMilliseconds - first - second - gone;
        Assert.Equal(200, (await rounds.FindToFollowAsync(200, TestContext.Current.CancellationToken)).Count);
        TestContext.Current.SendDiagnosticMessage($"{Others} others: 1200 due {first} ms, none due {second} ms, gone {gone} ms, missing {missing} ms; {plan}");

        Assert.Equal(
            ["active 300", "cancelled 300", "expired 300", "past_due 300"],
            await QueryAsync(plane, "select state || ' ' || count(*) from control.subscriptions where version = 2 group by state order by state"));
        Assert.Equal(1200, await plane.ScalarAsync<int>("select count(*)::int from control.subscription_changes where cause = 'timer' and from_state is not null"));
        Assert.Equal(600, await plane.ScalarAsync<int>("select count(*)::int from control.subscriptions where follow_at is not null"));
    }

    [Fact]
    public async Task The_column_of_what_is_due_says_what_the_clock_says()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.AddServerAsync(maxTenants: 1_000_000);
        await FillAsync(plane);
        await plane.ScalarAsync<int>("update control.subscriptions set cancel_at = started_at + interval '400 days' where id % 3 = 0; select 1");
        await using var connection = await plane.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        foreach (var row in await connection.QueryAsync<Derived>("select *, due_at as derived from control.subscriptions order by id desc limit 2000"))
        {
            var subscription = new Subscription
            {
                State = row.State,
                TrialUntil = row.TrialUntil,
                PaidUntil = row.PaidUntil,
                GraceUntil = row.GraceUntil,
                CancelAt = row.CancelAt,
            };
            Assert.Equal(SubscriptionClock.DueAt(subscription), row.DueAt);
        }
    }

    [Fact]
    public async Task Tenants_that_are_gone_end_their_subscriptions_and_those_without_get_one()
    {
        await using var plane = await postgres.NewPlaneAsync();
        await plane.AddServerAsync();
        var (gone, without) = (await plane.MustProvisionAsync("gone"), await plane.MustProvisionAsync("without"));
        var rounds = plane.Get<SubscriptionRounds>();
        Assert.Equal(2, await rounds.OpenMissingAsync(Timer, TestContext.Current.CancellationToken));
        Assert.Equal(0, await rounds.OpenMissingAsync(Timer, TestContext.Current.CancellationToken));
        await plane.ScalarAsync<int>($"update control.tenants set state = 'terminated', ended_at = now() where id = {gone.TenantId}; select 1");
        Assert.Equal(1, await rounds.EndGoneAsync(Timer, TestContext.Current.CancellationToken));
        Assert.Equal(0, await rounds.EndGoneAsync(Timer, TestContext.Current.CancellationToken));
        Assert.Equal("active", await plane.ScalarAsync<string>($"select state from control.subscriptions where tenant_id = {without.TenantId}"));
        Assert.Equal("cancelled", await plane.ScalarAsync<string>("select state from control.subscriptions where tenant = 'gone'"));
    }

    // Three hundred each of trials, periods that end, periods that renew and cancellations are due; the others are not.
    private static Task<int> FillAsync(TestPlane plane) => plane.ScalarAsync<int>(
        $"""
        update control.plans set auto_renew = true where code = 'pro';
        insert into control.tenants (
          code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at)
        select 't' || i, 'T', 'odoo-shared', case when i % 4 = 1 then 'pro' else 'starter' end, 'blank', 'blank', (select min(id) from control.servers), 't' || i, 't' || i || '.example.com',
               'http://t', 't' || i, 'en_US', 'UTC', 'EUR', 'active', 'test', now()
        from generate_series(1, {1200 + Others}) i;
        insert into control.subscriptions (tenant_id, tenant, plan, period, started_at, anchor_day, trial_until, paid_until, cancel_at, state, created_at, updated_at)
        select t.id, t.code, t.plan, 'monthly', now() - interval '1 year', 15, case when i % 4 = 0 then at end, case when i % 4 > 0 then at end, case when i % 4 = 2 then at end,
               case when i % 4 = 0 then 'trial' else 'active' end, now(), now()
        from control.tenants t
        cross join lateral (select substr(t.code, 2)::int as i) n
        cross join lateral (select case when i <= 1200 then now() - interval '1 hour' else now() + i * interval '1 minute' + interval '1 hour' end as at) a;
        analyze control.subscriptions, control.tenants;
        select 1
        """);

    private static async Task<IReadOnlyList<string>> QueryAsync(TestPlane plane, string sql)
    {
        await using var connection = await plane.Database.OpenConnectionAsync(TestContext.Current.CancellationToken);
        return (await connection.QueryAsync<string>(sql)).AsList();
    }

    private sealed record Derived
    {
        public string State { get; init; } = string.Empty;
        public DateTimeOffset? TrialUntil { get; init; }
        public DateTimeOffset? PaidUntil { get; init; }
        public DateTimeOffset? GraceUntil { get; init; }
        public DateTimeOffset? CancelAt { get; init; }
        public DateTimeOffset? DueAt { get; init; }
    }
}
