using System.Text.Json;
using Bibind.ControlPlane.Usage;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Usage;
using Bibind.Local;
using Bibind.Testing;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Xunit;

namespace Bibind.Functions.Tests.Usage;

/// <summary>Tenants' databases that are gone or mean harm, servers and machines that die.</summary>
public sealed class UsageFaultTests(PostgresServer postgres, UsageHost fixture) : UsageWorld(postgres, fixture), IClassFixture<UsageHost>
{
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
        await Postgres.RunAsync("drop database broken with (force)");
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
        await using (var holder = new NpgsqlConnection(Postgres.Postgres.ConnectionString("locked", LocalServer.ApplicationRole)))
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
        await Host.AddServerAsync("mute", mute.Port);
        await Host.AddServerAsync("refusing", FreePorts.Next());
        await AddAsync("alive", Users(1));
        for (var i = 0; i < 40; i++)
        {
            await AddAsync($"dead-{i}", null, i % 2 == 0 ? "mute" : "refusing");
        }

        var moment = DateTimeOffset.UtcNow;
        Assert.Equal(1, await Host.Services.GetRequiredService<UsageRound>().RunAsync(moment, Token));

        Assert.Equal(1, (await TenantAsync("alive")).GetProperty("users").GetInt32());
        Assert.Contains("refused", (await TenantAsync("dead-1")).GetProperty("usageReason").GetString(), StringComparison.Ordinal);
        Assert.NotEqual(JsonValueKind.Null, (await TenantAsync("dead-38")).GetProperty("usageReason").ValueKind);
        Assert.Equal(0, await Host.ScalarAsync<long>($"select count(*) from control.tenant_usage where due_at <= '{moment:O}'"));
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.usage_servers"));
    }

    [Fact]
    public async Task A_machine_that_dies_in_a_round_loses_no_tenant_and_counts_none_twice()
    {
        for (var i = 0; i < 6; i++)
        {
            await AddAsync($"round-{i}", Users(i));
        }

        var rounds = Host.Services.GetRequiredService<UsageRounds>();
        var moment = DateTimeOffset.UtcNow;
        await rounds.SyncAsync(Token);
        var dying = Assert.Single(await rounds.ClaimAsync(moment, TimeSpan.FromMinutes(5), Token));
        var due = (await rounds.NextAsync(dying, moment, TimeSpan.FromMinutes(5), 50, Token))!;
        Assert.Equal(6, due.Count);
        Assert.True(await rounds.RecordAsync(dying, due[0], new UsageMeasures { Users = 100, DatabaseBytes = 1 }, moment, moment.AddHours(1), Token));

        // While its claim holds, nobody else measures there.
        await TickAsync(moment);
        Assert.Equal(5, await DueAsync(moment));
        await Host.ExecuteAsync("update control.usage_servers set claimed_until = now() - interval '1 second'");
        await TickAsync(moment);
        Assert.Equal(0, await DueAsync(moment));
        Assert.Equal(6, await Host.ScalarAsync<long>("select count(*) from control.tenant_usage where measured_at is not null"));

        // What comes late is dropped.
        Assert.False(await rounds.RecordAsync(dying, due[1], new UsageMeasures { Users = 100 }, moment, moment.AddHours(1), Token));
        Assert.Null(await rounds.NextAsync(dying, moment, TimeSpan.FromMinutes(5), 50, Token));
        Assert.Equal([100, 1, 2, 3, 4, 5], (await ItemsAsync("/api/usage?sort=tenant")).Select(u => u.GetProperty("users").GetInt32()));
        Assert.Equal(6, await Host.ScalarAsync<long>("select count(*) from control.usage_hours h join control.tenant_usage u using (tenant_id)"));
    }

    [Fact]
    public async Task A_round_whose_time_is_up_gives_its_servers_back_and_the_next_goes_on()
    {
        await AddAsync("held", Users(1));
        var moment = DateTimeOffset.UtcNow;
        await using (var holder = new NpgsqlConnection(Postgres.Postgres.ConnectionString("held", LocalServer.ApplicationRole)))
        {
            await holder.OpenAsync(Token);
            await using var held = await holder.BeginTransactionAsync(Token);
            await using var hold = new NpgsqlCommand("lock table res_users in access exclusive mode", holder, held);
            await hold.ExecuteNonQueryAsync(Token);
            using var call = new CancellationTokenSource();
            var round = Host.Services.GetRequiredService<UsageRound>().RunAsync(moment, call.Token);
            await Eventually.UntilAsync(
                () => Host.ScalarAsync<long>("select count(*) from pg_locks where not granted and relation is not null"), waiting => waiting > 0,
                TimeSpan.FromSeconds(20), "the round waits for the table");
            await call.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => round);
        }

        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.usage_servers"));
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
        var counts = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() => Host.Services.GetRequiredService<UsageRound>().RunAsync(moment, Token))));

        Assert.Equal(12, counts.Sum());
    }
}
