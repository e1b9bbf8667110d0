using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Bibind.Activities.Routing.Caddy;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Durable;
using Bibind.Local;
using Bibind.Local.RealServers;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Activities.Tests.Routing;

public sealed class CaddyRoutesTests : RouteProviderTests
{
    private static readonly HttpClient Http = new();
    private static readonly CancellationToken None = CancellationToken.None;
    private CaddyServer? _caddy;

    [Fact]
    public async Task Routes_of_other_people_keep_their_place_and_what_matches_everything_stays_last()
    {
        await using var world = await StartAsync();
        var routes = new Uri(_caddy!.Admin, "/config/apps/http/servers/edge/routes");
        await Http.PostAsJsonAsync(routes, Parse("""{"match":[{"host":["theirs.example.com"]}],"handle":[{"handler":"static_response","status_code":418}]}"""));
        await Http.PostAsJsonAsync(routes, Parse("""{"handle":[{"handler":"static_response","status_code":410}]}"""));
        var tenant = world.NewTenant();

        await world.Routes.PublishAsync(tenant, None);

        Assert.Equal(418, (await world.GetPlainAsync("theirs.example.com")).Status);
        Assert.Equal(410, (await world.GetPlainAsync("nobody.example.com")).Status);
        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
    }

    [Fact]
    public async Task A_host_that_other_people_lead_elsewhere_is_refused()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await Http.PostAsJsonAsync(
            new Uri(_caddy!.Admin, "/config/apps/http/servers/edge/routes"),
            Parse($$"""{"match":[{"host":["{{tenant.Host}}"]}],"handle":[{"handler":"static_response","status_code":418}]}"""));

        await Assert.ThrowsAsync<PermanentFailureException>(() => world.Routes.PublishAsync(tenant, None));

        Assert.Equal(418, (await world.GetPlainAsync(tenant.Host)).Status);
    }

    [Fact]
    public async Task An_admin_API_that_is_away_is_worth_another_attempt()
    {
        await using var world = await StartAsync();
        var routes = world.NewHost(("Routing:Caddy:Admin", $"http://127.0.0.1:{FreePorts.Next()}"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => routes.PublishAsync(world.NewTenant(), None));

        Assert.Contains("cannot be reached", failed.Message, StringComparison.Ordinal);
        await Assert.ThrowsAsync<TransientFailureException>(() => routes.ExistsAsync(world.NewTenant(), None));
    }

    [Theory]
    [InlineData(500, """{"error":"internal"}""", "answered 500")]
    [InlineData(200, "<html>", "not JSON")]
    public async Task An_admin_API_that_answers_nonsense_is_worth_another_attempt(int status, string body, string reason)
    {
        await using var world = await StartAsync();
        await using var stub = await AdminStubAsync(status, body);
        var routes = world.NewHost(("Routing:Caddy:Admin", stub.Urls.Single()));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => routes.PublishAsync(world.NewTenant(), None));

        Assert.Contains(reason, failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_silent_admin_API_does_not_hold_a_step_for_ever()
    {
        await using var world = await StartAsync();
        using var silent = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        silent.Start();
        var routes = world.NewHost(("Routing:Caddy:Admin", $"http://{silent.LocalEndpoint}"), ("Routing:Caddy:Timeout", "00:00:00.3"));

        var failed = await Assert.ThrowsAsync<TransientFailureException>(() => routes.PublishAsync(world.NewTenant(), None));

        Assert.Contains("did not answer in time", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_Caddy_does_not_have_names_the_setting()
    {
        await using var world = await StartAsync();
        var routes = world.NewHost(("Routing:Caddy:Server", "other"));

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => routes.PublishAsync(world.NewTenant(), None));

        Assert.Contains("Routing__Caddy__Server", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_changes_that_go_together_only_the_one_that_Caddy_refuses_fails()
    {
        await using var world = await StartAsync();
        var changes = world.Get<CaddyChanges>();
        var tasks = Enumerable.Range(0, 9)
            .Select(i => changes.ApplyAsync(apps => Routes(apps).Add(Parse($$"""{"handle":[{"handler":"{{(i == 5 ? "no_such_handler" : "static_response")}}"}]}""")), None))
            .ToList();

        var refused = await Assert.ThrowsAsync<PermanentFailureException>(() => Task.WhenAll(tasks));

        Assert.Contains("no_such_handler", refused.Message, StringComparison.Ordinal);
        Assert.Equal(8, tasks.Count(t => t.IsCompletedSuccessfully));
        Assert.Equal(8, Routes((JsonObject)Parse(await ReadConfigurationAsync())["apps"]!).Count);
    }

    [Fact]
    public async Task A_Caddy_that_cannot_keep_streams_is_asked_once_and_gets_its_routes_all_the_same()
    {
        await using var world = await StartAsync();
        var asked = 0;
        await using var proxy = await HttpProxy.StartAsync(_caddy!.Admin, request =>
        {
            asked += Encoding.UTF8.GetString(request.Body).Contains(CaddyStreams.Field, StringComparison.Ordinal) ? 1 : 0;
            return Task.FromResult(false);
        }, keepsHost: false);
        var routes = world.NewHost(("Routing:Caddy:Admin", proxy.Url.AbsoluteUri));
        var (first, second) = (world.NewTenant(), world.NewTenant());

        await routes.PublishAsync(first, None);
        await routes.PublishAsync(second, None);
        var changes = proxy.Targets.Count(t => t.StartsWith("POST", StringComparison.Ordinal));
        await routes.PublishAsync(second, None);

        Assert.Equal(1, asked);
        Assert.Equal(changes, proxy.Targets.Count(t => t.StartsWith("POST", StringComparison.Ordinal)));
        Assert.Equal(200, (await world.GetSecureAsync(first.Host)).Status);
        Assert.Single(world.Logs.Lines, line => line.Contains(CaddyStreams.Field, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_Caddy_that_can_keep_streams_is_told_to_in_every_route_to_the_application()
    {
        await using var world = await StartAsync();
        var told = new List<string>();
        await using var proxy = await HttpProxy.StartAsync(_caddy!.Admin, request =>
        {
            if (request.Method == "POST")
            {
                // The Caddy behind does not know the field; one that does keeps it.
                var apps = Parse(Encoding.UTF8.GetString(request.Body));
                told.AddRange(Forwarders(apps).Select(f => (string?)f[CaddyStreams.Field] ?? "nothing"));
                CaddyStreams.Strip(apps);
                request.Instead = Encoding.UTF8.GetBytes(apps.ToJsonString());
            }

            return Task.FromResult(false);
        }, keepsHost: false);
        var routes = world.NewHost(("Routing:Caddy:Admin", proxy.Url.AbsoluteUri), ("Routing:WebsocketPort", $"{world.Application.Url.Port}"));

        await routes.PublishAsync(world.NewTenant(), None);

        Assert.Equal(["8h", "8h"], told);
    }

    [Fact]
    public async Task A_Caddy_that_lost_everything_gets_its_own_configuration_back_with_the_routes()
    {
        await using var world = await StartAsync();
        var tenant = world.NewTenant();
        await Http.PostAsJsonAsync(
            new Uri(_caddy!.Admin, "/config/apps/http/servers/edge/routes"),
            Parse("""{"match":[{"host":["theirs.example.com"]}],"handle":[{"handler":"static_response","status_code":418}]}"""));
        await world.Routes.PublishAsync(tenant, None);
        Assert.DoesNotContain(world.Secrets.Values.Values, kept => kept.Contains("PRIVATE KEY", StringComparison.Ordinal) || kept.Contains(tenant.Host, StringComparison.Ordinal));

        // As after an autosave of 0 bytes, but for the port of the admin API.
        using var nothing = await Http.PostAsJsonAsync(new Uri(_caddy.Admin, "/load"), Parse($$"""{"admin":{"listen":"{{_caddy.Admin.Authority}}"} }"""));
        nothing.EnsureSuccessStatusCode();
        Assert.False(await world.Routes.ExistsAsync(tenant, None));
        await world.NewHost().PublishAsync(tenant, None);

        Assert.Equal(200, (await world.GetSecureAsync(tenant.Host)).Status);
        Assert.Equal(418, (await world.GetPlainAsync("theirs.example.com")).Status);
    }

    internal override async Task<RoutesWorld> StartAsync()
    {
        var caddy = _caddy = await CaddyServer.StartAsync();
        return await RoutesWorld.StartAsync(
            caddy, caddy.Http, caddy.Https, ("Routing:Provider", "caddy"), ("Routing:Caddy:Admin", caddy.Admin.AbsoluteUri), ("Routing:Caddy:Server", CaddyServer.Edge));
    }

    internal override Task<string> ReadConfigurationAsync() => Http.GetStringAsync(new Uri(_caddy!.Admin, "/config/"));

    private static JsonArray Routes(JsonObject apps) => apps["http"]!["servers"]!["edge"]!["routes"]!.AsArray();

    private static IEnumerable<JsonObject> Forwarders(JsonNode? node) => node switch
    {
        JsonObject fields => fields.SelectMany(f => Forwarders(f.Value)).Concat((string?)(fields["handler"] as JsonValue) == "reverse_proxy" ? [fields] : []),
        JsonArray items => items.SelectMany(Forwarders),
        _ => [],
    };

    private static JsonNode Parse(string json) => JsonNode.Parse(json)!;

    private static async Task<WebApplication> AdminStubAsync(int status, string body)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        var app = builder.Build();
        app.Run(http =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync(body);
        });
        await app.StartAsync();
        return app;
    }
}
