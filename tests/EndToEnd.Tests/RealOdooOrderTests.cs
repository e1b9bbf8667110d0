using System.Text.Json.Nodes;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests;

/// <summary>Orders at the real Odoo: people sign in with what is revealed, and what had to wait for the application is done when it is back.</summary>
public sealed class RealOdooOrderTests
{
    [Fact]
    public async Task The_standard_user_of_an_order_signs_in_has_its_group_and_speaks_the_language()
    {
        var odoo = await RealOdoo.GetAsync();
        await using var installation = await InstallationAsync(odoo.Server);
        await using var host = await InProcessHost.StartAsync(installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.True((string?)job["state"] == "succeeded", job.ToString());
        Assert.Empty(job["notes"]!.AsArray());
        var people = await RevealAsync(host.Api, installation.Code);
        await AssertSignsInAsync(odoo.Server, installation, people);
        await installation.ComesToRestAsync();
        Assert.Empty((await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["pendingItems"]!.AsArray());
        await RemoveAsync(host.Api, installation);
    }

    [Fact]
    public async Task What_an_order_could_not_do_while_Odoo_was_down_is_done_when_it_is_back()
    {
        var shared = await RealOdoo.GetAsync();
        await using var server = await RealOdoo.StartAnotherAsync(options => options with { CronThreads = 0 });
        CopyFiles(Path.Combine(shared.Server.FileStore, RealOdoo.Template), Path.Combine(server.FileStore, RealOdoo.Template));
        await server.OwnAsync(server.FileStore);
        await server.StopAsync();
        await using var installation = await InstallationAsync(server);
        installation.Settings["Timers:Sweep"] = "true";
        installation.Settings["PendingItems:Interval"] = "00:00:01";
        await using var host = await InProcessHost.StartAsync(installation);
        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        Assert.True((string?)job["state"] == "succeeded", job.ToString());
        Assert.Equal(2, job["notes"]!.AsArray().Count);
        var before = await RevealAsync(host.Api, installation.Code);
        Assert.Null(before["user"]);

        await server.StartAgainAsync();

        await Eventually.UntilAsync(
            async () =>
            {
                await using var passes = installation.Control.CreateCommand("update control.pending_items set next_attempt = now() where next_attempt > now()");
                await passes.ExecuteNonQueryAsync();
                return (await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["pendingItems"]!.AsArray().Count == 0;
            },
            TimeSpan.FromSeconds(90), "nothing is pending any more");
        var after = await RevealAsync(host.Api, installation.Code);
        Assert.Null(after["administrator"]);
        after["administrator"] = before["administrator"]!.DeepClone();
        await AssertSignsInAsync(server, installation, after);
        await RemoveAsync(host.Api, installation);
    }

    private static async Task<Installation> InstallationAsync(OdooServer server)
    {
        var installation = await Installation.CreateAsync();
        installation.Settings["Seed:Server:Url"] = server.Url.ToString();
        installation.Settings["Seed:Templates:blank"] = RealOdoo.Template;
        installation.Settings["FileStore:Folder"] = server.FileStore;
        return installation;
    }

    private static async Task<JsonObject> RevealAsync(Api api, string code)
    {
        var (status, _, people) = await api.TryPostAsync($"/api/tenants/{code}/credentials/reveal", []);
        Assert.True(status == System.Net.HttpStatusCode.OK, people.ToString());
        return people;
    }

    private static async Task AssertSignsInAsync(OdooServer server, Installation installation, JsonObject people)
    {
        var (login, password) = ((string)people["user"]!["login"]!, (string)people["user"]!["password"]!);
        using var visitor = OdooVisitor.Of(server.Url, $"{installation.Code}.tenants.test");
        Assert.NotNull(await visitor.SignInAsync(login, password));

        using var client = new OdooClient(server.Url);
        var administrator = await client.SignInAsync(installation.Code, "admin", (string)people["administrator"]!["password"]!);
        var user = Assert.Single(await administrator.FindAsync("res.users", [new JsonArray("login", "=", login)], ["id", "lang", "tz", "share", "name"]));
        Assert.Equal("fr_FR Europe/Paris Anna", $"{user["lang"]} {user["tz"]} {user["name"]}");
        Assert.False((bool)user["share"]!);
        Assert.True((bool)(await administrator.CallAsync("res.users", "has_group", [new JsonArray((int)user["id"]!), "base.group_user"]))!);
        await using var database = installation.OpenTenant(installation.Code);
        Assert.Equal(0, await TenantAssertions.ScalarAsync<long>(database, "select count(*) from res_users_apikeys"));
    }

    private static async Task RemoveAsync(Api api, Installation installation)
    {
        var removed = await api.EndOfAsync(await api.DestroyAsync(installation.Code, finalBackup: false));
        Assert.True((string?)removed["state"] == "succeeded", removed.ToString());
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.pending_items"));
        Assert.Empty(await installation.DatabasesAsync());
    }

    private static void CopyFiles(string from, string to)
    {
        foreach (var file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }
    }
}
