using System.Diagnostics;
using System.Net;
using System.Text.Json;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Bibind.Local;
using Bibind.Testing.Servers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>What checks find at real sockets: servers that work, that are dead in every way, and that mean harm.</summary>
public sealed class ServerHealthTests(PostgresServer postgres, ServerHealthTests.HealthHost fixture) : IClassFixture<ServerHealthTests.HealthHost>, IAsyncDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(2);

    private readonly ApiHost _host = fixture.Host;

    // The servers of a test are nobody's afterwards.
    public async ValueTask DisposeAsync() => await _host.ExecuteAsync(
        """
        update control.servers set state = 'disabled', url = 'http://' || code || '.invalid' where code <> 'local';
        update control.servers set health = 'healthy' where code = 'local';
        delete from control.tenants where code = 'heavy';
        delete from control.server_watch;
        delete from control.server_checks;
        delete from control.server_alerts;
        """);

    /// <summary>A host that gives servers little time.</summary>
    public sealed class HealthHost(PostgresServer postgres) : IAsyncLifetime
    {
        public ApiHost Host { get; } = new(postgres)
        {
            More =
            [
                $"--ServerHealth:Limit={Limit:c}", "--ServerHealth:SlowAnswer=00:00:01.500", "--ServerHealth:FailuresUntilOffline=2", "--ServerHealth:SuccessesUntilActive=1",
            ],
        };

        public ValueTask InitializeAsync() => Host.InitializeAsync();

        public ValueTask DisposeAsync() => Host.DisposeAsync();
    }

    [Fact]
    public async Task A_check_measures_what_can_be_known_and_keeps_it()
    {
        await using var odoo = RawServer.Start(RawServer.Odoo("18.0-20260101"));
        await AddAsync("measured", odoo.Url);

        var server = await CheckAsync("measured");

        Assert.Equal(("healthy", "18.0-20260101", true), (server.GetProperty("health").GetString(), server.GetProperty("applicationVersion").GetString(), server.GetProperty("online").GetBoolean()));
        using var history = await _host.GetAsync("/api/servers/measured/health");
        var measures = (await ApiHost.JsonAsync(history)).GetProperty("items")[0].GetProperty("measures");
        Assert.InRange(measures.GetProperty("connections").GetInt32(), 1, measures.GetProperty("maxConnections").GetInt32());
        Assert.True(measures.GetProperty("databaseBytes").GetInt64() > 1_000_000);
        Assert.True(measures.GetProperty("databaseMilliseconds").GetInt32() >= 0);
        Assert.StartsWith("1", measures.GetProperty("databaseVersion").GetString(), StringComparison.Ordinal);
        Assert.Equal(0, measures.GetProperty("standbys").GetInt32());
    }

    [Fact]
    public async Task One_round_checks_all_at_once_and_the_dead_delay_nobody()
    {
        await using var odoo = RawServer.Start(RawServer.Odoo());
        await using var html = RawServer.Start(RawServer.Http("<h1>It works!</h1>", headers: "Content-Type: text/html\r\n"));
        await using var mute = RawServer.Start(RawServer.Silence);
        await AddAsync("alive", odoo.Url);
        await AddAsync("html", html.Url, seen: true);
        for (var i = 0; i < 8; i++)
        {
            await AddAsync($"mute-{i}", $"http://127.0.1.{i}:{mute.Port}", seen: true, databasePort: mute.Port);
        }

        var clock = Stopwatch.StartNew();
        await TickAsync(DateTimeOffset.UtcNow);

        // Nine that answer nothing take no longer than one, its second try and what a busy machine adds included.
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, Limit * 6);
        Assert.Equal("healthy", await HealthAsync("alive"));
        Assert.Equal("critical", await HealthAsync("html"));
        Assert.Equal("critical", await HealthAsync("mute-7"));
        Assert.Equal(11, await _host.ScalarAsync<long>("select count(*) from control.server_checks"));
    }

    [Fact]
    public async Task A_server_that_dies_goes_offline_is_passed_over_and_comes_back_by_itself()
    {
        var dead = false;
        await using var odoo = RawServer.Start(c => dead ? Task.CompletedTask : RawServer.Odoo()(c));
        await AddAsync("frail", odoo.Url);
        var moment = DateTimeOffset.UtcNow;
        await TickAsync(moment);
        Assert.Equal(("active", "healthy"), (await StateAsync("frail"), await HealthAsync("frail")));

        dead = true;
        await TickAsync(moment += TimeSpan.FromMinutes(14));
        Assert.Equal("healthy", await HealthAsync("frail"));
        await TickAsync(moment += TimeSpan.FromMinutes(1));
        Assert.Equal(("active", "critical"), (await StateAsync("frail"), await HealthAsync("frail")));
        await TickAsync(moment += TimeSpan.FromMinutes(1));
        Assert.Equal("offline", await StateAsync("frail"));
        using var alerts = await _host.GetAsync("/api/servers/alerts");
        var alert = Assert.Single((await ApiHost.JsonAsync(alerts)).GetProperty("items").EnumerateArray());
        Assert.Equal(("frail", "offline"), (alert.GetProperty("server").GetString(), alert.GetProperty("kind").GetString()));

        dead = false;
        await TickAsync(moment += TimeSpan.FromMinutes(1));
        Assert.Equal(("active", "healthy"), (await StateAsync("frail"), await HealthAsync("frail")));
        using var over = await _host.GetAsync("/api/servers/alerts");
        Assert.Empty((await ApiHost.JsonAsync(over)).GetProperty("items").EnumerateArray());
    }

    [Fact]
    public async Task Another_series_of_the_application_is_warned_of_until_somebody_takes_it_over()
    {
        var version = "18.0-20260101";
        await using var odoo = RawServer.Start(c => RawServer.Odoo(version)(c));
        await AddAsync("upgraded", odoo.Url);
        Assert.Equal("healthy", (await CheckAsync("upgraded")).GetProperty("health").GetString());
        version = "18.0-20260202";
        Assert.Equal("healthy", (await CheckAsync("upgraded")).GetProperty("health").GetString());

        version = "19.0";
        var warned = await CheckAsync("upgraded");
        Assert.Equal(("warning", "18.0-20260202"), (warned.GetProperty("health").GetString(), warned.GetProperty("applicationVersion").GetString()));

        using var activated = await _host.SendAsync(HttpMethod.Post, "/api/servers/upgraded/activate", ApiHost.AdminToken);
        var server = await ApiHost.JsonAsync(activated);
        Assert.Equal(("healthy", "19.0"), (server.GetProperty("health").GetString(), server.GetProperty("applicationVersion").GetString()));
    }

    [Fact]
    public async Task A_server_whose_application_never_answered_is_judged_by_its_database()
    {
        var server = await CheckAsync(ApiHost.Server);

        Assert.Equal("healthy", server.GetProperty("health").GetString());
        Assert.Contains("has not answered yet", server.GetProperty("healthReason").GetString(), StringComparison.Ordinal);
        await _host.OrderTenantAsync("unasked");
    }

    [Fact]
    public async Task A_server_with_few_places_left_is_warned_of_and_takes_tenants_while_it_may()
    {
        await using var odoo = RawServer.Start(RawServer.Odoo());
        await AddAsync("narrow", odoo.Url);
        await _host.ExecuteAsync(
            "insert into control.tenants (code, name, offer, plan, template_code, template_database, server_id, database, host, base_url, bucket, language, time_zone, currency, state, requested_by, created_at, places) "
            + "select 'heavy', 'Heavy', 'odoo-shared', 'starter', 'blank', 'x', id, 'heavy', 'heavy.example.test', 'x', 'x', 'en_US', 'UTC', 'EUR', 'terminating', 'test', now(), 90 from control.servers where code = 'narrow'");

        var server = await CheckAsync("narrow");

        Assert.Equal(("warning", 10, true), (server.GetProperty("health").GetString(), server.GetProperty("availableCapacityPercent").GetInt32(), server.GetProperty("online").GetBoolean()));
        using var best = await _host.GetAsync("/api/servers/best?minCapacityPercent=5&strategy=pack");
        Assert.Equal("narrow", (await ApiHost.JsonAsync(best)).GetProperty("server").GetProperty("code").GetString());
    }

    [Theory]
    [InlineData("garbage")]
    [InlineData("mute")]
    [InlineData("huge-message")]
    public async Task What_is_no_PostgreSQL_is_critical_and_throws_nothing(string kind)
    {
        await using var fake = RawServer.Start(kind switch
        {
            "garbage" => c => c.WriteAsync("HTTP/1.1 400 Bad Request\r\n\r\n"),
            "huge-message" => TwoGigabytes,
            _ => RawServer.Silence,
        });
        await AddAsync($"fake-{kind}", "http://127.2.2.2:1", databasePort: fake.Port);

        var server = await CheckAsync($"fake-{kind}");

        Assert.Equal("critical", server.GetProperty("health").GetString());
    }

    [Fact]
    public async Task A_server_without_its_password_delays_no_other()
    {
        await AddAsync("keyless", "http://127.2.2.3:1");
        await _host.ExecuteAsync("delete from control.secrets where name like 'servers/%' and name like '%/database-password' and name not like 'servers/1/%'");

        await TickAsync(DateTimeOffset.UtcNow);

        Assert.Equal("critical", await HealthAsync("keyless"));
        Assert.Equal("healthy", await HealthAsync(ApiHost.Server));
        Assert.Contains("is missing: store it again", await _host.ScalarAsync<string>("select health_reason from control.servers where code = 'keyless'"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_draft_is_tested_and_not_watched()
    {
        await AddAsync("drafted", "http://127.2.2.4:1", activate: false);
        using var answer = await _host.SendAsync(HttpMethod.Post, "/api/servers/drafted/health", ApiHost.ManagerToken);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "server-state");
    }

    // An error that is two gigabytes long, as its header says.
    private static async Task TwoGigabytes(RawConnection connection)
    {
        await connection.WriteAsync("E\u007f\u007f\u007f\u007f");
        await RawServer.Silence(connection);
    }

    private async Task AddAsync(string code, string application, bool seen = false, int? databasePort = null, bool activate = true)
    {
        var server = new NewServer
        {
            Code = code,
            Name = code,
            Url = application,
            DatabaseHost = "127.0.0.1",
            DatabasePort = databasePort ?? postgres.Postgres.Port,
            DatabaseUser = LocalServer.MaintenanceRole,
            DatabasePassword = postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole),
            ApplicationRole = LocalServer.ApplicationRole,
            ApplicationPassword = postgres.Postgres.PasswordOf(LocalServer.ApplicationRole),
        };
        var servers = _host.Services.GetRequiredService<ServerStore>();
        Assert.IsType<ServerCreated>(await servers.CreateAsync(server, "test", TestContext.Current.CancellationToken));
        if (activate)
        {
            await servers.ActivateAsync(code, "test", "test", TestContext.Current.CancellationToken);
        }

        if (seen)
        {
            await _host.ExecuteAsync($"update control.servers set application_version = '18.0' where code = '{code}'");
        }
    }

    private async Task<JsonElement> CheckAsync(string code)
    {
        using var answer = await _host.SendAsync(HttpMethod.Post, $"/api/servers/{code}/health", ApiHost.ManagerToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ApiHost.JsonAsync(answer);
    }

    private Task TickAsync(DateTimeOffset moment) =>
        ActivatorUtilities.CreateInstance<CheckServers>(_host.Services).RunAsync(new TimerTick("checkServers", moment), TestContext.Current.CancellationToken);

    private Task<string> HealthAsync(string code) => _host.ScalarAsync<string>($"select health from control.servers where code = '{code}'");

    private Task<string> StateAsync(string code) => _host.ScalarAsync<string>($"select state from control.servers where code = '{code}'");
}
