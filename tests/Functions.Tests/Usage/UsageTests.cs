using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Usage;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Usage;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Usage;

/// <summary>What tenants use, measured at real databases, and who is shown it.</summary>
public sealed class UsageTests(PostgresServer postgres, UsageHost fixture) : UsageWorld(postgres, fixture), IClassFixture<UsageHost>
{
    [Fact]
    public async Task A_round_measures_every_tenant_and_each_view_shows_it()
    {
        await AddAsync("small", Users(2));
        await AddAsync("large", Users(7, "insert into res_users (active, share) select false, false from generate_series(1, 3); create table filling as select repeat('x', 2000) from generate_series(1, 2000)"));

        await TickAsync(DateTimeOffset.UtcNow);

        var large = await TenantAsync("large");
        Assert.Equal(7, large.GetProperty("users").GetInt32());
        Assert.True(large.GetProperty("databaseBytes").GetInt64() > 1_000_000);
        Assert.Equal((0, JsonValueKind.Null), (large.GetProperty("storageBytes").GetInt64(), large.GetProperty("usageReason").ValueKind));
        var history = await ItemsAsync("/api/tenants/large/usage");
        Assert.Equal(("hour", 7), (Assert.Single(history).GetProperty("period").GetString(), history[0].GetProperty("users").GetInt32()));
        var all = await ItemsAsync("/api/usage");
        Assert.Equal(["large", "small"], all.Select(u => u.GetProperty("tenant").GetString()!));
        Assert.Equal((ApiHost.Server, "starter", 5, JsonValueKind.Null), (all[0].GetProperty("server").GetString(), all[0].GetProperty("plan").GetString(), all[0].GetProperty("userLimit").GetInt32(), all[0].GetProperty("requests").ValueKind));
        Assert.False(string.IsNullOrEmpty(all[0].GetProperty("requestsReason").GetString()));
        Assert.Equal(["large", "small"], (await ItemsAsync("/api/usage?sort=tenant&plan=starter&server=local")).Select(u => u.GetProperty("tenant").GetString()!));
        Assert.Empty(await ItemsAsync("/api/usage?plan=pro"));
    }

    [Fact]
    public async Task A_tenant_that_ends_or_moves_is_followed_and_one_that_is_suspended_waits()
    {
        await Host.AddServerAsync("other", Postgres.Postgres.Port);
        await AddAsync("moving", Users(1));
        await AddAsync("ending", Users(1));
        await AddAsync("resting", Users(1));
        var moment = DateTimeOffset.UtcNow;
        await TickAsync(moment);

        await Host.ExecuteAsync(
            """
            update control.tenants set server_id = (select id from control.servers where code = 'other') where code = 'moving';
            update control.tenants set state = 'terminated', ended_at = now() where code = 'ending';
            update control.tenants set state = 'suspended' where code = 'resting';
            """);
        Assert.Equal(1, await Host.Services.GetRequiredService<UsageRound>().RunAsync(moment + TimeSpan.FromHours(1), Token));

        Assert.Equal(["moving", "resting"], (await ItemsAsync("/api/usage?sort=tenant")).Select(u => u.GetProperty("tenant").GetString()!));
        Assert.Equal("moving", Assert.Single(await ItemsAsync("/api/usage?server=other")).GetProperty("tenant").GetString());
        Assert.Single(await ItemsAsync("/api/tenants/ending/usage"));
    }

    [Fact]
    public async Task Hours_become_days_with_the_highest_values_and_days_end()
    {
        await AddAsync("history", Users(1));
        await TickAsync(DateTimeOffset.UtcNow);
        await Host.ExecuteAsync(
            """
            insert into control.usage_hours (tenant_id, at, users, database_bytes)
            select t.id, date_trunc('day', now(), 'UTC') - interval '20 days' + make_interval(hours => i), i, 1000 - i
            from control.tenants t, generate_series(0, 47) i where t.code = 'history';
            insert into control.usage_days (tenant_id, at, users)
            select id, date_trunc('day', now(), 'UTC') - interval '500 days', 1 from control.tenants where code = 'history';
            """);

        var rounds = Host.Services.GetRequiredService<UsageRounds>();
        await rounds.CompactAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(400), Token);
        await rounds.CompactAsync(TimeSpan.FromDays(7), TimeSpan.FromDays(400), Token);

        var items = await ItemsAsync("/api/tenants/history/usage?from=2020-01-01");
        Assert.Equal([("hour", 1), ("day", 47), ("day", 23)], items.Select(i => (i.GetProperty("period").GetString()!, i.GetProperty("users").GetInt32())));
        Assert.Equal([976, 1000], items.Skip(1).Select(i => i.GetProperty("databaseBytes").GetInt64()));
        Assert.Single(await ItemsAsync("/api/tenants/history/usage?from=2020-01-01&pageSize=1&page=2"));
        var days = (await ItemsAsync("/api/usage/days")).Where(d => d.GetProperty("tenant").GetString() == "history").ToList();
        Assert.Equal([23, 47, 1], days.Select(d => d.GetProperty("users").GetInt32()));
        Assert.Equal(DateTime.UtcNow.AddDays(-20).ToString("yyyy-MM-dd", System.Globalization.CultureInfo.InvariantCulture), days[0].GetProperty("day").GetString());
    }

    [Theory]
    [InlineData("/api/tenants/nobody-there/usage", HttpStatusCode.NotFound, "not-found")]
    [InlineData("/api/tenants/nobody-there/usage?from=yesterday", HttpStatusCode.BadRequest, "bad-query")]
    [InlineData("/api/tenants/nobody-there/usage?from=2026-02-01&to=2026-01-01", HttpStatusCode.BadRequest, "bad-query")]
    [InlineData("/api/usage?sort=colour", HttpStatusCode.BadRequest, "bad-query")]
    public async Task What_cannot_be_answered_is_refused(string path, HttpStatusCode status, string kind)
    {
        using var answer = await Host.GetAsync(path);
        await ProblemAssert.IsAsync(answer, status, kind);
    }

    [Fact]
    public async Task Nothing_and_a_million_users_are_measured_alike()
    {
        Assert.Equal(0, await Host.Services.GetRequiredService<UsageRound>().RunAsync(DateTimeOffset.UtcNow, Token));
        Assert.Empty(await ItemsAsync("/api/usage"));

        await AddAsync("crowded", Users(1_000_000));
        await AddAsync("empty", Users(0));
        await TickAsync(DateTimeOffset.UtcNow);

        Assert.Equal((1_000_000, 0), ((await TenantAsync("crowded")).GetProperty("users").GetInt32(), (await TenantAsync("empty")).GetProperty("users").GetInt32()));
    }

    [Fact]
    public async Task Metrics_have_a_series_for_each_server_and_plan()
    {
        await AddAsync("counted", Users(3));
        await AddAsync("counted-too", Users(4));
        await TickAsync(DateTimeOffset.UtcNow);

        Host.Services.GetRequiredService<UsageMetrics>().Keep(await Host.Services.GetRequiredService<UsageStore>().SumAsync(Token), []);

        using var answer = await Host.GetAsync("/metrics");
        var lines = (await answer.Content.ReadAsStringAsync(Token)).Split('\n').Where(l => l.StartsWith("bibind_usage_users", StringComparison.Ordinal)).ToList();
        Assert.Contains("plan=\"starter\",server=\"local\"", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Matches(" 7( |$)", lines[0]);
    }
}
