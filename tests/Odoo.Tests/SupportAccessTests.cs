using System.Net;
using System.Text.Json.Nodes;
using Bibind.EndToEnd.Tests;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.Odoo.Tests;

/// <summary>An operator at the login form of the real Odoo: in by the one-time account, and out again.</summary>
public sealed class SupportAccessTests
{
    [Theory]
    [InlineData("user")]
    [InlineData("administrator")]
    public async Task An_operator_signs_in_and_once_it_is_revoked_the_session_is_over_and_nobody_signs_in(string level)
    {
        var odoo = await RealOdoo.GetAsync();
        await using var installation = await Installation.CreateAsync();
        installation.Settings["Seed:Server:Url"] = odoo.Server.Url.ToString();
        installation.Settings["Seed:Templates:blank"] = RealOdoo.Template;
        installation.Settings["FileStore:Folder"] = odoo.Server.FileStore;
        await using var host = await InProcessHost.StartAsync(installation);
        var ordered = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        Assert.True((string?)ordered["state"] == "succeeded", ordered.ToString());
        var path = $"/api/tenants/{installation.Code}/support-access";
        var (status, _, access) = await host.Api.TryPostAsync(path, new JsonObject { ["reason"] = "ticket 7", ["level"] = level });
        Assert.True(status == HttpStatusCode.Accepted, access.ToString());
        path = $"{path}/{access["id"]}";
        await Eventually.UntilAsync(async () => (string?)(access = await host.Api.GetAsync(path))["state"] is "open" or "failed", TimeSpan.FromSeconds(90), "the access is open");
        Assert.True((string?)access["state"] == "open", access.ToString());
        var (_, _, shown) = await host.Api.TryPostAsync($"{path}/credentials", []);
        var (login, password) = ((string)shown["login"]!, (string)shown["password"]!);

        using var visitor = OdooVisitor.Of(odoo.Server.Url, $"{installation.Code}.tenants.test");
        var session = await visitor.SignInAsync(login, password);
        Assert.Equal("Support (operator)", (string?)session?["name"]);
        Assert.Equal(level == "administrator", (bool?)session?["is_system"]);
        using var client = new OdooClient(odoo.Server.Url);
        var rpc = await client.SignInAsync(installation.Code, login, password);
        Assert.True((bool)(await rpc.CallAsync("res.users", "has_group", [new JsonArray(rpc.UserId), "base.group_user"]))!);
        Assert.True(await IsInsideAsync(visitor));

        await host.Api.TryPostAsync($"{path}/revoke", []);
        var end = await host.Api.EndOfAsync($"/api/jobs/{access["job"]}");
        Assert.True((string?)end["state"] == "succeeded", end.ToString());

        Assert.False(await IsInsideAsync(visitor));
        Assert.Null(await visitor.SignInAsync(login, password));
        await Assert.ThrowsAnyAsync<Exception>(() => client.SignInAsync(installation.Code, login, password));
        await using (var database = installation.OpenTenant(installation.Code))
        {
            Assert.Equal(0, await TenantAssertions.ScalarAsync<long>(
                database, $"select count(*) from res_users where login = '{login}' or (id = {rpc.UserId} and (active or password <> ''))"));
            Assert.Equal(0, await TenantAssertions.ScalarAsync<long>(database, $"select count(*) from res_groups_users_rel where uid = {rpc.UserId}"));
        }

        var removed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));
        Assert.True((string?)removed["state"] == "succeeded", removed.ToString());
    }

    // A page for signed-in people alone: others are sent to the login form.
    private static async Task<bool> IsInsideAsync(OdooVisitor visitor) => (await visitor.GetAsync("odoo")).Status == HttpStatusCode.OK;
}
