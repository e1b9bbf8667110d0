using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Servers;
using Bibind.ControlPlane.Usage;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Functions.Usage;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>What tenants use, measured at real databases: those that work, that are gone, and that mean harm.</summary>
public sealed class UsageTests(PostgresServer postgres, UsageTests.UsageHost fixture) : IClassFixture<UsageTests.UsageHost>, IAsyncDisposable
{
    private readonly ApiHost _host = fixture.Host;
    private readonly List<string> _databases = [];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    // The tenants of a test are nobody's afterwards.
    public async ValueTask DisposeAsync()
    {
        await _host.ExecuteAsync(
            """
            update control.tenants set state = 'terminated', ended_at = now() where state <> 'terminated';
            delete from control.tenant_usage;
            delete from control.usage_servers;
            """);
        foreach (var database in _databases)
        {
            await postgres.RunAsync($"drop database if exists \"{database}\" with (force)");
        }
    }

    /// <summary>A host that gives tenants little time.</summary>
    public sealed class UsageHost(PostgresServer postgres) : IAsyncLifetime
    {
        public ApiHost Host { get; } = new(postgres) { More = ["--Usage:Limit=00:00:02", "--Usage:PerServer=4"] };

        public ValueTask InitializeAsync() => Host.InitializeAsync();

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }

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
    public async Task What_cannot_be_measured_keeps_its_last_value_and_says_why()
    {
        await AddAsync("broken", Users(3));
        var moment = DateTimeOffset.UtcNow;
        await TickAsync(moment);

        await RunInAsync("broken", "drop table res_users");
        await TickAsync(moment += TimeSpan.FromHours(1));
        var partly = await TenantAsync("broken");
        Assert.Equal(3, partly.GetProperty("users").GetInt32());
        Assert.Contains("has no table public.res_users", partly.GetProperty("usageReason").GetString(), StringComparison.Ordinal);
        await postgres.RunAsync("drop database broken with (force)");
        await TickAsync(moment += TimeSpan.FromHours(1));
        var gone = await TenantAsync("broken");
        Assert.Equal((3, partly.GetProperty("databaseBytes").GetInt64()), (gone.GetProperty("users").GetInt32(), gone.GetProperty("databaseBytes").GetInt64()));
        Assert.Contains("does not exist", gone.GetProperty("usageReason").GetString(), StringComparison.Ordinal);

        await CreateDatabaseAsync("broken", Users(1));
        await TickAsync(moment + TimeSpan.FromMinutes(15));
        var back = await TenantAsync("broken");
        Assert.Equal((1, JsonValueKind.Null), (back.GetProperty("users").GetInt32(), back.GetProperty("usageReason").ValueKind));
    }

    [Theory]
    [InlineData("raises", "create view res_users as select true as active, (1 / (select count(*)::int - 1 from pg_class where relname = 'pg_class')) = 1 as share", "not the application's plain table")]
    [InlineData("sleeps", "create function nap() returns boolean language plpgsql as $$ begin perform pg_sleep(60); return true; end $$; create view res_users as select nap() as active, false as share", "not the application's plain table")]
    [InlineData("writes", "create table taken (who text); create function take() returns boolean language plpgsql as $$ begin insert into taken values (current_user); return true; end $$; create view res_users as select take() as active, false as share", "not the application's plain table")]
    [InlineData("policy", "create function pol() returns boolean language plpgsql as $$ begin perform pg_sleep(60); return true; end $$; create table res_users (active boolean, share boolean); alter table res_users enable row level security, force row level security; create policy p on res_users using (pol())", "not the application's plain table")]
    [InlineData("words", "create table res_users (active text, share boolean)", "not the application's plain table")]
    [InlineData("elsewhere", "create schema decoy; create table decoy.res_users (active boolean, share boolean); alter database elsewhere set search_path = decoy", "has no table")]
    [InlineData("partitioned", "create table res_users (active boolean, share boolean) partition by list (active)", "not the application's plain table")]
    [InlineData("foreign", "create table base (active boolean, share boolean); create materialized view res_users as select * from base", "not the application's plain table")]
    public async Task A_hostile_database_gets_nothing_run(string name, string sql, string reason)
    {
        await AddAsync(name, sql);

        await TickAsync(DateTimeOffset.UtcNow);

        var tenant = await TenantAsync(name);
        Assert.Equal(JsonValueKind.Null, tenant.GetProperty("users").ValueKind);
        Assert.True(tenant.GetProperty("databaseBytes").GetInt64() > 0);
        Assert.Contains(reason, tenant.GetProperty("usageReason").GetString(), StringComparison.Ordinal);
        if (name == "writes")
        {
            Assert.Equal(0, await ScalarInAsync(name, "select count(*)::int from taken"));
        }
    }

    [Fact]
    public async Task A_decoy_in_another_schema_or_among_the_heirs_is_not_counted()
    {
        await AddAsync("decoys", Users(2, "create schema decoy; create table decoy.res_users as select true as active, false as share from generate_series(1, 9); alter role odoo in database decoys set search_path = decoy; create table heirs () inherits (res_users); insert into heirs select 1, true, false from generate_series(1, 5)"));

        await TickAsync(DateTimeOffset.UtcNow);

        Assert.Equal(2, (await TenantAsync("decoys")).GetProperty("users").GetInt32());
    }

    [Fact]
    public async Task A_table_that_is_locked_ends_in_time_and_is_tried_again()
    {
        await AddAsync("locked", Users(4));
        await AddAsync("free", Users(1));
        var moment = DateTimeOffset.UtcNow;
        await using (var holder = new NpgsqlConnection(postgres.Postgres.ConnectionString("locked", LocalServer.ApplicationRole)))
        {
            await holder.OpenAsync(Token);
            await using var held = await holder.BeginTransactionAsync(Token);
            await using var hold = new NpgsqlCommand("lock table res_users in access exclusive mode", holder, held);
            await hold.ExecuteNonQueryAsync(Token);
            await TickAsync(moment);
        }

        var locked = await TenantAsync("locked");
        Assert.Equal(JsonValueKind.Null, locked.GetProperty("users").ValueKind);
        Assert.NotEqual(JsonValueKind.Null, locked.GetProperty("usageReason").ValueKind);
        Assert.Equal(1, (await TenantAsync("free")).GetProperty("users").GetInt32());
        await TickAsync(moment + TimeSpan.FromMinutes(15));
        Assert.Equal(4, (await TenantAsync("locked")).GetProperty("users").GetInt32());
    }

    [Fact]
    public async Task A_dead_server_delays_nobody_and_its_tenants_say_so()
    {
        await using var mute = RawServer.Start(RawServer.Silence);
        await AddServerAsync("mute", mute.Port);
        await AddServerAsync("refusing", FreePorts.Next());
        await AddAsync("alive", Users(1));
        for (var i = 0; i < 40; i++)
        {
            await AddAsync($"dead-{i}", null, i % 2 == 0 ? "mute" : "refusing");
        }

        var moment = DateTimeOffset.UtcNow;
        Assert.Equal(1, await _host.Services.GetRequiredService<UsageRound>().RunAsync(moment, Token));

        Assert.Equal(1, (await TenantAsync("alive")).GetProperty("users").GetInt32());
        Assert.Contains("refused", (await TenantAsync("dead-1")).GetProperty("usageReason").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(JsonValueKind.Null, (await TenantAsync("dead-38")).GetProperty("usageReason").ValueKind);
        Assert.Equal(0, await _host.ScalarAsync<long>($"select count(*) from control.tenant_usage where due_at <= '{moment:O}'"));
        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.usage_servers"));
    }

    [Fact]
    public async Task A_machine_that_dies_in_a_round_loses_no_tenant_and_counts_none_twice()
    {
        for (var i = 0; i < 6; i++)
        {
            await AddAsync($"round-{i}", Users(i));
        }

        var rounds = _host.Services.GetRequiredService<UsageRounds>();
        var moment = DateTimeOffset.UtcNow;
        await rounds.SyncAsync(Token);
        var dying = Assert.Single(await rounds.ClaimAsync(moment, TimeSpan.FromMinutes(5), Token));
        var due = (await rounds.NextAsync(dying, moment, TimeSpan.FromMinutes(5), 50, Token))!;
        Assert.Equal(6, due.Count);
        Assert.True(await rounds.RecordAsync(dying, due[0], new UsageMeasures { Users = 100, DatabaseBytes = 1 }, moment, moment.AddHours(1), Token));

        // While its claim holds, nobody else measures there.
        await TickAsync(moment);
        Assert.Equal(5, await DueAsync(moment));
        await _host.ExecuteAsync("update control.usage_servers set claimed_until = now() - interval '1 second'");
        await TickAsync(moment);
        Assert.Equal(0, await DueAsync(moment));
        Assert.Equal(6, await _host.ScalarAsync<long>("select count(*) from control.tenant_usage where measured_at is not null"));

        // What comes late is dropped.
        Assert.False(await rounds.RecordAsync(dying, due[1], new UsageMeasures { Users = 100 }, moment, moment.AddHours(1), Token));
        Assert.Null(await rounds.NextAsync(dying, moment, TimeSpan.FromMinutes(5), 50, Token));
        Assert.Equal([100, 1, 2, 3, 4, 5], (await ItemsAsync("/api/usage?sort=tenant")).Select(u => u.GetProperty("users").GetInt32()));
        Assert.Equal(6, await _host.ScalarAsync<long>("select count(*) from control.usage_hours h join control.tenant_usage u using (tenant_id)"));
    }

    [Fact]
    public async Task A_round_whose_time_is_up_gives_its_servers_back_and_the_next_goes_on()
    {
        await AddAsync("held", Users(1));
        var moment = DateTimeOffset.UtcNow;
        await using (var holder = new NpgsqlConnection(postgres.Postgres.ConnectionString("held", LocalServer.ApplicationRole)))
        {
            await holder.OpenAsync(Token);
            await using var held = await holder.BeginTransactionAsync(Token);
            await using var hold = new NpgsqlCommand("lock table res_users in access exclusive mode", holder, held);
            await hold.ExecuteNonQueryAsync(Token);
            using var call = new CancellationTokenSource();
            var round = _host.Services.GetRequiredService<UsageRound>().RunAsync(moment, call.Token);
            await Eventually.UntilAsync(
                () => _host.ScalarAsync<long>("select count(*) from pg_locks where not granted and relation is not null"), waiting => waiting > 0,
                TimeSpan.FromSeconds(20), "the round waits for the table");
            await call.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round);
        }

        Assert.Equal(0, await _host.ScalarAsync<long>("select count(*) from control.usage_servers"));
        Assert.Equal(1, await DueAsync(moment));
        await TickAsync(moment);
        Assert.Equal(1, (await TenantAsync("held")).GetProperty("users").GetInt32());
    }

    [Fact]
    public async Task Rounds_at_once_measure_each_tenant_once()
    {
        for (var i = 0; i < 12; i++)
        {
            await AddAsync($"twice-{i}", Users(1));
        }

        var moment = DateTimeOffset.UtcNow;
        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => _host.Services.GetRequiredService<UsageRound>().RunAsync(moment, Token))));

        Assert.Equal(12, counts.Sum());
    }

    [Fact]
    public async Task A_tenant_that_ends_or_moves_is_followed_and_one_that_is_suspended_waits()
    {
        await AddServerAsync("other", postgres.Postgres.Port);
        await AddAsync("moving", Users(1));
        await AddAsync("ending", Users(1));
        await AddAsync("resting", Users(1));
        var moment = DateTimeOffset.UtcNow;
        await TickAsync(moment);

        await _host.ExecuteAsync(
            """
            update control.tenants set server_id = (select id from control.servers where code = 'other') where code = 'moving';
            update control.tenants set state = 'terminated', ended_at = now() where code = 'ending';
            update control.tenants set state = 'suspended' where code = 'resting';
            """);
        Assert.Equal(1, await _host.Services.GetRequiredService<UsageRound>().RunAsync(moment + TimeSpan.FromHours(1), Token));

        Assert.Equal(["moving", "resting"], (await ItemsAsync("/api/usage?sort=tenant")).Select(u => u.GetProperty("tenant").GetString()!));
        Assert.Equal("moving", Assert.Single(await ItemsAsync("/api/usage?server=other")).GetProperty("tenant").GetString());
        Assert.Single(await ItemsAsync("/api/tenants/ending/usage"));
    }

    [Fact]
    public async Task Hours_become_days_with_the_highest_values_and_days_end()
    {
        await AddAsync("history", Users(1));
        await TickAsync(DateTimeOffset.UtcNow);
        await _host.ExecuteAsync(
            """
            insert into control.usage_hours (tenant_id, at, users, database_bytes)
            select t.id, date_trunc('day', now(), 'UTC') - interval '20 days' + make_interval(hours => i), i, 1000 - i
            from control.tenants t, generate_series(0, 47) i where t.code = 'history';
            insert into control.usage_days (tenant_id, at, users)
            select id, date_trunc('day', now(), 'UTC') - interval '500 days', 1 from control.tenants where code = 'history';
            """);

        var rounds = _host.Services.GetRequiredService<UsageRounds>();
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
        using var answer = await _host.GetAsync(path);
        await ProblemAssert.IsAsync(answer, status, kind);
    }

    [Fact]
    public async Task Nothing_and_a_million_users_are_measured_alike()
    {
        Assert.Equal(0, await _host.Services.GetRequiredService<UsageRound>().RunAsync(DateTimeOffset.UtcNow, Token));
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

        _host.Services.GetRequiredService<UsageMetrics>().Keep(await _host.Services.GetRequiredService<UsageStore>().SumAsync(Token), []);

        using var answer = await _host.GetAsync("/metrics");
        var lines = (await answer.Content.ReadAsStringAsync(Token)).Split('\n').Where(l => l.StartsWith("bibind_usage_users", StringComparison.Ordinal)).ToList();
        Assert.Contains("plan=\"starter\",server=\"local\"", Assert.Single(lines), StringComparison.Ordinal);
        Assert.Matches(" 7( |$)", lines[0]);
    }

    private static string Users(int count, string more = "select 1") =>
        $"""
        create table res_users (id integer, active boolean, share boolean);
        insert into res_users select i, true, false from generate_series(1, {count}) i;
        insert into res_users values (0, true, true), (0, false, false), (0, null, null);
        {more}
        """;

    // As ordered and made: its database belongs to the application and holds what the statement puts there.
    private async Task AddAsync(string code, string? sql, string? server = null)
    {
        await _host.OrderTenantAsync(code);
        await _host.ExecuteAsync($"update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null");
        await _host.ExecuteAsync(
            $"""
            update control.tenants set state = 'active', activated_at = now(), server_id = (select id from control.servers where code = '{server ?? ApiHost.Server}')
            where code = '{code}' and state = 'provisioning'
            """);
        if (sql is not null)
        {
            await CreateDatabaseAsync(code, sql);
        }
    }

    private async Task CreateDatabaseAsync(string name, string sql)
    {
        _databases.Add(name);
        await postgres.RunAsync($"create database \"{name}\" owner {LocalServer.ApplicationRole}");
        await RunInAsync(name, sql);
    }

    private async Task RunInAsync(string database, string sql) => await ScalarInAsync(database, sql);

    private async Task<int?> ScalarInAsync(string database, string sql)
    {
        await using var connection = new NpgsqlConnection(postgres.Postgres.ConnectionString(database, LocalServer.ApplicationRole));
        await connection.OpenAsync(Token);
        await using var command = new NpgsqlCommand(sql, connection);
        var result = (int?)await command.ExecuteScalarAsync(Token);
        NpgsqlConnection.ClearPool(connection);
        return result;
    }

    private async Task AddServerAsync(string code, int port)
    {
        var servers = _host.Services.GetRequiredService<ServerStore>();
        await servers.CreateAsync(
            new NewServer
            {
                Code = code,
                Name = code,
                Url = $"http://{code}.invalid",
                DatabaseHost = "127.0.0.1",
                DatabasePort = port,
                DatabaseUser = LocalServer.MaintenanceRole,
                DatabasePassword = postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole),
                ApplicationRole = LocalServer.ApplicationRole,
                ApplicationPassword = postgres.Postgres.PasswordOf(LocalServer.ApplicationRole),
            },
            "test", Token);
    }

    private Task TickAsync(DateTimeOffset moment) =>
        ActivatorUtilities.CreateInstance<MeasureUsage>(_host.Services).RunAsync(new TimerTick("measureUsage", moment), Token);

    private Task<long> DueAsync(DateTimeOffset moment) => _host.ScalarAsync<long>($"select count(*) from control.tenant_usage where due_at <= '{moment:O}'");

    private async Task<JsonElement> TenantAsync(string code)
    {
        using var answer = await _host.GetAsync($"/api/tenants/{code}");
        return await ApiHost.JsonAsync(answer);
    }

    private async Task<List<JsonElement>> ItemsAsync(string path)
    {
        using var answer = await _host.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return [.. (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()];
    }
}
