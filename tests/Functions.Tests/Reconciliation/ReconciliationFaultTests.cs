using System.Text.Json;
using Bibind.Activities.Reconciliation;
using Bibind.Activities.Routing;
using Bibind.Activities.Storage;
using Bibind.ControlPlane;
using Bibind.ControlPlane.Reconciliation;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Bibind.Testing.Servers;
using Xunit;

namespace Bibind.Functions.Tests.Reconciliation;

/// <summary>Servers that do not answer, jobs that come between, machines that die, limits, and tenants that mean harm.</summary>
public sealed class ReconciliationFaultTests(PostgresServer postgres, ReconciliationHost fixture) : ReconciliationWorld(postgres, fixture), IClassFixture<ReconciliationHost>
{
    [Fact]
    public async Task A_fleet_that_is_right_is_looked_at_once_an_hour_spread_over_it()
    {
        for (var i = 0; i < 12; i++)
        {
            await AddAsync($"right-{i}");
        }

        var start = Moment;
        await TickAsync(start);
        Assert.Equal(12, await Host.ScalarAsync<long>($"select count(*) from control.reconciliation_tenants where due_at > '{start:O}' and due_at <= '{start.AddHours(1):O}'"));
        Assert.True(await Host.ScalarAsync<long>("select count(distinct due_at) from control.reconciliation_tenants") > 6);
        var phases = await Host.ScalarAsync<string>("select string_agg(tenant_id || ' ' || phase, ',' order by tenant_id) from control.reconciliation_tenants");

        Assert.Equal(12, await NextHourAsync());
        Assert.Equal(0, await TickAsync(Moment));
        Assert.Equal(12, await NextHourAsync());

        Assert.Empty(await FindingsAsync("page=1"));
        Assert.Equal(phases, await Host.ScalarAsync<string>("select string_agg(tenant_id || ' ' || phase, ',' order by tenant_id) from control.reconciliation_tenants"));
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_tenants where reason is not null"));
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_servers"));
    }

    [Fact]
    public async Task A_server_that_does_not_answer_is_no_missing_database()
    {
        await using var mute = RawServer.Start(RawServer.Silence);
        await Host.AddServerAsync("mute", mute.Port);
        await Host.AddServerAsync("refusing", FreePorts.Next());
        foreach (var (code, server) in new[] { ("quiet", "mute"), ("deaf", "refusing") })
        {
            await AddSuspendedAsync(code);
            await Postgres.RunAsync($"alter database {code} allow_connections true");
            await Host.ExecuteAsync($"update control.tenants set server_id = (select id from control.servers where code = '{server}') where code = '{code}'");
        }

        await LookAsync();
        await LookAsync();

        Assert.Empty(await FindingsAsync("page=1"));
        Assert.Equal(2, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_tenants where reason like '%databases could not be asked%'"));
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_repairs"));
        await Host.ExecuteAsync("update control.tenants set server_id = (select id from control.servers where code = 'local') where code in ('quiet', 'deaf')");
        await LookAsync();
        Assert.Equal(2, (await FindingsAsync("state=closed&kind=suspended-database-open")).Count);
    }

    [Fact]
    public async Task A_proxy_that_is_away_closes_nothing_and_is_not_asked_by_every_tenant()
    {
        for (var i = 0; i < 20; i++)
        {
            await AddAsync($"behind-{i}");
        }

        Outside.Routes[HostOf("behind-0")] = RouteInfo.Foreign;
        await LookAsync();
        Assert.Equal("behind-0:route-foreign", await OpenAsync());

        Outside.IsAway = true;
        Outside.Forget();
        await NextHourAsync();

        Assert.InRange(Outside.Asked, 3, 8);
        Assert.Equal("behind-0:route-foreign", await OpenAsync());
        Assert.Equal(20, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_tenants where reason like '%proxy cannot be reached%' and failed_at is not null"));
        (Outside.IsAway, Outside.Routes[HostOf("behind-0")]) = (false, RouteInfo.Open);
        await NextHourAsync();
        Assert.Equal((string.Empty, 0L), (await OpenAsync(), await Host.ScalarAsync<long>("select count(*) from control.reconciliation_tenants where reason is not null")));
    }

    [Fact]
    public async Task A_tenant_with_a_job_is_not_looked_at_and_a_job_between_two_looks_begins_anew()
    {
        await AddAsync("busy");
        Outside.Routes.TryRemove(HostOf("busy"), out _);
        await BeginJobAsync("busy", "busy-1", changing: false);
        Assert.Equal(0, await NextHourAsync());
        await EndJobsAsync("busy");

        Assert.Equal(1, await SoonAsync());
        await BeginJobAsync("busy", "busy-2");
        await EndJobsAsync("busy");
        Assert.Equal(1, await SoonAsync());
        Assert.Empty(await FindingsAsync("page=1"));
        Assert.False(Outside.Routes.ContainsKey(HostOf("busy")));

        await SoonAsync();
        Assert.Single(await FindingsAsync("kind=route-missing"));
    }

    [Fact]
    public async Task What_was_seen_while_a_job_began_is_dropped_and_nothing_is_repaired_under_a_job()
    {
        await AddSuspendedAsync("overtaken");
        await NextHourAsync();
        Outside.Routes[HostOf("overtaken")] = RouteInfo.Open;
        await NextHourAsync();
        Outside.Meanwhile = async () =>
        {
            Outside.Meanwhile = null;
            await BeginJobAsync("overtaken", "overtaken-1");
        };

        await SoonAsync();

        Assert.Empty(await FindingsAsync("page=1"));
        Assert.Equal(RouteInfo.Open, Outside.Routes[HostOf("overtaken")]);
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_findings"));
        await EndJobsAsync("overtaken");
        await LookAsync();
        Assert.Equal(RouteInfo.Page, Outside.Routes[HostOf("overtaken")]);
    }

    [Fact]
    public async Task A_repair_that_fails_says_why_and_is_told_once()
    {
        await AddAsync("refused");
        Outside.Routes[HostOf("refused")] = RouteInfo.Page;
        Outside.Refusal = "The proxy takes nothing: its disk is full.";

        await LookAsync();
        await NextHourAsync();

        var finding = Assert.Single(await FindingsAsync());
        Assert.Equal("The proxy takes nothing: its disk is full.", finding.GetProperty("reason").GetString());
        Assert.Equal(JsonValueKind.Null, finding.GetProperty("repairedAt").ValueKind);
        Assert.Equal(1, await NoticesAsync());
        Outside.Refusal = null;
        await NextHourAsync();
        await SoonAsync();
        Assert.Equal((string.Empty, 0L), (await OpenAsync(), await NoticesAsync()));
    }

    [Fact]
    public async Task What_does_not_stay_repaired_is_left_to_a_person()
    {
        await AddAsync("flapping");
        for (var i = 0; i < 3; i++)
        {
            Outside.Routes[HostOf("flapping")] = RouteInfo.Page;
            await LookAsync();
            Assert.Equal(RouteInfo.Open, Outside.Routes[HostOf("flapping")]);
        }

        Outside.Routes[HostOf("flapping")] = RouteInfo.Page;
        await LookAsync();

        Assert.Equal(RouteInfo.Page, Outside.Routes[HostOf("flapping")]);
        Assert.Contains("did not stay so", Assert.Single(await FindingsAsync()).GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal(1, await NoticesAsync());
    }

    [Fact]
    public async Task A_session_that_we_may_not_end_is_named()
    {
        await AddSuspendedAsync("entered");
        await Postgres.RunAsync("alter database entered allow_connections true");
        await using var superuser = await HoldSessionAsync("entered", asSuperuser: true);

        await LookAsync();

        Assert.False(await ServerAsync<bool>("select datallowconn from pg_database where datname = 'entered'"));
        await LookAsync();
        var finding = Assert.Single(await FindingsAsync("kind=suspended-database-in-use"));
        Assert.Equal("open", finding.GetProperty("state").GetString());
        Assert.Contains("may not end", finding.GetProperty("reason").GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenants_own_database_misleads_nobody_and_gets_nothing_run()
    {
        var harmful = await AddSuspendedAsync("harmful");
        var ended = await AddAsync("departed");
        await Host.ExecuteAsync("update control.tenants set state = 'terminated', ended_at = now() where code = 'departed' and state = 'active'");
        await Postgres.RunAsync("drop database departed");
        Outside.Routes.TryRemove(HostOf("departed"), out _);
        Outside.Records.TryRemove(HostOf("departed"), out _);
        await Service<IObjectStore>().DeleteBucketAsync((await PlaceAsync(ended)).Bucket, Token);

        // The name of one that has ended, in the hands of another; and words in a comment that say that it is shut, or ours.
        await CreateDatabaseAsync("departed");
        await Postgres.RunAsync($"comment on database departed is 'bibind tenant={harmful} code=harmful'; comment on database harmful is 'shut'; alter database harmful allow_connections true");
        await InAsync<object>("harmful", "create table ran (who text); create function run() returns event_trigger language plpgsql as $$ begin insert into ran values (current_user); end $$; create event trigger runs on ddl_command_end execute function run(); create table pg_database as select 'harmful'::name as datname, false as datallowconn; truncate ran; select 1");

        await LookAsync();

        Assert.False(await ServerAsync<bool>("select datallowconn from pg_database where datname = 'harmful'"));
        Assert.Empty(await OpenAsync());
        await Postgres.RunAsync("alter database harmful allow_connections true");
        Assert.Equal(0L, await InAsync<long>("harmful", "select count(*) from ran"));
    }

    [Fact]
    public async Task A_machine_that_dies_in_a_round_loses_no_tenant_and_its_claim_is_taken_over()
    {
        for (var i = 0; i < 5; i++)
        {
            await AddAsync($"round-{i}");
        }

        var rounds = Service<ReconciliationRounds>();
        await TickAsync(Moment);
        var moment = Moment.AddHours(1);
        var dying = Assert.Single(await rounds.ClaimAsync(moment, TimeSpan.FromMinutes(5), Token));
        var page = await rounds.NextAsync(dying, moment, TimeSpan.FromMinutes(5), 100, Token);
        Assert.Equal(5, page.Count);

        // While its claim holds nobody else looks; what it records under a claim that was taken over is dropped.
        Assert.Equal(0, await Service<ReconciliationRound>().RunAsync(moment, Token));
        await Host.ExecuteAsync("update control.reconciliation_servers set claimed_until = now() - interval '1 second'");
        Assert.Equal(5, await Service<ReconciliationRound>().RunAsync(moment, Token));
        var late = await Service<ReconciliationFindings>().RecordAsync(
            dying, page[0], new TenantLook([new Observation(FindingKinds.BucketMissing, "b", "late")], new Dictionary<string, string>()), moment, Token);
        Assert.False(late.IsOurs);
        Assert.Empty(await Service<ReconciliationFindings>().RecordCleanAsync(dying, [page[1].Tenant.Id], moment, Token));
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.reconciliation_findings"));
    }

    [Fact]
    public async Task A_repair_that_its_machine_did_not_survive_is_made_again_and_counted_twice()
    {
        var id = await AddAsync("halfway");
        Outside.Routes[HostOf("halfway")] = RouteInfo.Page;
        await NextHourAsync();
        await Host.ExecuteAsync($"update control.reconciliation_findings set confirmed_at = now() where tenant_id = {id}");
        var finding = (await Service<ReconciliationViews>().ListAsync(new FindingFilter(), PageRequest.First, Token)).Items.Single();
        Assert.NotNull((await Service<ReconciliationRepairs>().ClaimAsync(finding, Token)).Id);

        await SoonAsync();
        Assert.Equal((RouteInfo.Open, 2L), (Outside.Routes[HostOf("halfway")], await Host.ScalarAsync<long>("select count(*) from control.reconciliation_repairs")));
        await SoonAsync();
        Assert.Empty(await OpenAsync());
    }
}
