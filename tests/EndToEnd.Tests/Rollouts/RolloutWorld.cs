using System.Net;
using System.Text.Json.Nodes;
using Bibind.EndToEnd.Tests.TenantUpgrades;
using Bibind.Local.RealServers;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Rollouts;

/// <summary>Some tenants of one offer that can be upgraded. In the place of their Odoo something answers for the login page.</summary>
internal sealed class RolloutWorld : IAsyncDisposable
{
    private readonly ApplicationStub _application;

    private RolloutWorld(Installation installation, ApplicationStub application, IReadOnlyList<string> codes) =>
        (Installation, _application, Codes) = (installation, application, codes);

    public Installation Installation { get; }

    /// <summary>The tenants' codes.</summary>
    public IReadOnlyList<string> Codes { get; }

    public static async Task<RolloutWorld> CreateAsync(int tenants)
    {
        var application = await ApplicationStub.StartAsync();
        var installation = await Installation.CreateAsync();
        installation.Settings["Seed:Server:Url"] = application.Url.GetLeftPart(UriPartial.Authority);
        installation.Settings["Templates:OdooBin"] = "no-such-odoo-bin";
        installation.Settings["Rollouts:Interval"] = "00:00:00.5";
        var world = new RolloutWorld(installation, application, [.. Enumerable.Range(1, tenants).Select(i => $"{installation.Code}-{i}")]);
        await using var host = await InProcessHost.StartAsync(installation);
        for (var number = 1; number <= tenants; number++)
        {
            var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Codes[number - 1], number));
            Assert.True((string?)end["state"] == "succeeded", end.ToString());
        }

        await installation.ComesToRestAsync();
        return world;
    }

    /// <summary>Starts a rollout of the tests' release; answers its address.</summary>
    public static Task<string> StartAsync(Api api, JsonObject? with = null)
    {
        var command = new JsonObject
        {
            ["offer"] = "odoo-shared",
            ["release"] = new JsonObject { ["version"] = "19.0-2", ["kind"] = "sql", ["statements"] = new JsonArray(UpgradeWorld.Statement) },
            ["waves"] = new JsonArray(new JsonObject { ["count"] = 1 }, new JsonObject { ["percent"] = 100 }),
            ["reason"] = "The test wants it.",
        };
        foreach (var (name, value) in with ?? [])
        {
            command[name] = value?.DeepClone();
        }

        return api.PostAsync("/api/rollouts", command);
    }

    public static async Task SteerAsync(Api api, string path)
    {
        var (status, _, body) = await api.TryPostAsync(path, new JsonObject { ["reason"] = "The test wants it." });
        Assert.True(status == HttpStatusCode.OK, body.ToString());
    }

    /// <summary>Waits until the rollout is in a state, and answers it.</summary>
    public static Task<JsonObject> StateAsync(Api api, string rollout, string state) => Eventually.UntilAsync(
        () => api.GetAsync(rollout), r => (string?)r["summary"]!["state"] == state, TimeSpan.FromSeconds(180), $"{rollout} is {state}");

    /// <summary>The tenants in a state, by code.</summary>
    public static async Task<IReadOnlyList<string>> TenantsAsync(Api api, string rollout, string state) =>
        [.. (await api.GetAsync($"{rollout}/tenants?state={state}"))["items"]!.AsArray().Select(t => (string)t!["tenant"]!).Order(StringComparer.Ordinal)];

    /// <summary>Each of these has the release, which was brought in once, and the others have it not; nothing is left of copies or jobs.</summary>
    public async Task AssertReleasedAsync(Api api, IEnumerable<string> upgraded)
    {
        await Installation.ComesToRestAsync();
        foreach (var code in Codes)
        {
            var has = upgraded.Contains(code);
            var shown = await api.GetAsync($"/api/tenants/{code}");
            Assert.Equal(("active", has ? "19.0-2" : null), ((string?)shown["state"], (string?)shown["release"]));
            await using var database = Installation.OpenTenant(code);
            Assert.Equal(has ? 1 : 0, await TenantAssertions.ScalarAsync<long>(
                database, "select count(*) from pg_attribute where attrelid = 'public.res_partner'::regclass and attname like 'upgraded%' and not attisdropped"));
            Assert.Equal([code], await Installation.DatabasesAsync(code));
            Assert.Equal(has ? 1 : 0, await Installation.CountAsync(
                "select count(*) from control.tenant_upgrades u join control.tenants t on t.id = u.tenant_id where t.code = $1 and u.state = 'upgraded'", code));
        }

        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.jobs where finished_at is null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.tenant_upgrades where ended_at is null or copy_database is not null"));
        Assert.Equal(0, await Installation.CountAsync("select count(*) from control.rollout_tenants where state in ('pending', 'running')"));
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var code in Codes)
        {
            await Installation.DropAsync(code);
        }

        await _application.DisposeAsync();
        await Installation.DisposeAsync();
    }
}
