using System.Net;
using System.Text.Json.Nodes;
using Bibind.Local.RealServers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.Odoo.Tests;

/// <summary>A tenant moves from one real Odoo to another, each with a PostgreSQL and a file store of its own.</summary>
public sealed class TenantMoveTests
{
    [Fact]
    public async Task People_find_everything_at_the_same_address_and_the_other_Odoo_serves_it()
    {
        var first = await RealOdoo.GetAsync();
        await using var postgres = await PostgresFixture.StartAnotherAsync();
        await using var second = await OdooServer.StartAsync(OdooOptions.At(postgres));
        Directory.CreateDirectory(second.FileStore);
        await second.OwnAsync(second.FileStore);

        // {server} stands for a folder of each server, whatever it is called on its machine.
        var folders = Directory.CreateTempSubdirectory("bibind-tests-");
        Directory.CreateSymbolicLink(Path.Combine(folders.FullName, "local"), first.Server.FileStore);
        Directory.CreateSymbolicLink(Path.Combine(folders.FullName, "second"), second.FileStore);
        await using var world = await OdooWorld.StartAsync(Path.Combine(folders.FullName, "{server}"));
        var code = await world.OrderAsync();
        var people = await world.RevealAsync(code);
        var before = await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);
        await before.CreateAsync("res.partner", new JsonObject { ["name"] = "A customer of ours" });
        var attachment = await before.CreateAsync("ir.attachment", new JsonObject { ["name"] = "offer.txt", ["datas"] = Convert.ToBase64String("A hundred chairs."u8) });
        await world.Api.AddServerAsync("second", postgres, second.Url);

        var (status, job, body) = await world.Api.TryPostAsync($"/api/tenants/{code}/move", new JsonObject { ["reason"] = "More room." });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        var end = await world.Api.EndOfAsync(job!, seconds: 300);

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        TestContext.Current.SendDiagnosticMessage($"outage {end["result"]!["outageMs"]} ms, database {end["result"]!["databaseBytes"]} bytes");
        var move = (await world.Api.GetAsync($"/api/moves?tenant={code}"))["items"]![0]!["id"];
        var removed = await world.Api.EndOfAsync(await world.Api.PostAsync($"/api/moves/{move}/confirm"));
        Assert.True((string?)removed["state"] == "succeeded", removed.ToString());

        using var visitor = await world.VisitAsync(code);
        Assert.Equal(code, (string?)(await visitor.SignInAsync(people[0].Login, people[0].Password))!["db"]);
        var after = await new OdooClient(second.Url).SignInAsync(code, people[0].Login, people[0].Password);
        Assert.Single(await after.FindAsync("res.partner", [new JsonArray("name", "=", "A customer of ours")], ["name"]));
        var file = Assert.Single(await after.FindAsync("ir.attachment", [new JsonArray("id", "=", attachment)], ["datas"]));
        Assert.Equal("A hundred chairs."u8.ToArray(), Convert.FromBase64String((string)file["datas"]!));
        Assert.Empty(await OdooWorld.MissingFilesAsync(postgres, second, code));
        Assert.False(Directory.Exists(Path.Combine(first.Server.FileStore, code)));
        await Assert.ThrowsAsync<OdooCallException>(() => world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password));
        folders.Delete(recursive: true);
    }
}
