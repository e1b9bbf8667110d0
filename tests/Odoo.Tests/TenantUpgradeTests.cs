using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing.Servers;

namespace Bibind.Odoo.Tests;

/// <summary>A tenant of a real Odoo is upgraded by its program and by its server, and comes back from an upgrade that breaks it.</summary>
public sealed class TenantUpgradeTests
{
    [Fact]
    public async Task A_tenant_is_upgraded_and_comes_back_whole_from_one_that_breaks_it()
    {
        var odoo = await RealOdoo.GetAsync();
        var folder = Directory.CreateTempSubdirectory("bibind-tests-").FullName;
        var breaks = Path.Combine(folder, "breaks");

        // While that file is there: the copy is upgraded as ever, and the tenant's own views are gone after its upgrade.
        var program = Path.Combine(folder, "odoo-bin");
        await File.WriteAllTextAsync(program, $"""
            #!/bin/sh
            case "$*" in
              *"-d bibind-rehearsal"* | "neutralize "*) exec '{odoo.Server.Program}' "$@";;
            esac
            '{odoo.Server.Program}' "$@" || exit $?
            [ -e '{breaks}' ] || exit 0
            '{Path.Combine(odoo.Postgres.Binaries.Folder, "psql")}' -q -d "$2" -c 'drop table ir_ui_view cascade'
            echo 'odoo: KeyError: the release is broken' >&2; exit 1

            """);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(program, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        await using var world = await OdooWorld.StartAsync(program: program);
        var code = await world.OrderAsync();
        var people = await world.RevealAsync(code);
        var before = await world.Odoo.Client.SignInAsync(code, people[0].Login, people[0].Password);
        await before.CreateAsync("res.partner", new JsonObject { ["name"] = "A customer of ours" });

        var end = await UpgradeAsync(world, code, "19.0-2", "odoo-bin");
        Assert.True((string?)end["result"]?["outcome"] == "upgraded", end.ToString());
        Tell(end);
        await AssertWholeAsync(world, code, people[0]);
        Assert.Equal("19.0-2", (string?)(await world.Api.GetAsync($"/api/tenants/{code}"))["release"]);

        await File.WriteAllTextAsync(breaks, string.Empty);
        end = await UpgradeAsync(world, code, "19.0-3", "odoo-bin");
        Assert.True((string?)end["result"]?["outcome"] == "rolled-back", end.ToString());
        Assert.Contains("the release is broken", (string?)end["reason"], StringComparison.Ordinal);
        Tell(end);
        await AssertWholeAsync(world, code, people[0]);
        Assert.Equal("19.0-2", (string?)(await world.Api.GetAsync($"/api/tenants/{code}"))["release"]);

        end = await UpgradeAsync(world, code, "19.0-4", "rpc");
        Assert.True((string?)end["result"]?["outcome"] == "upgraded", end.ToString());
        Tell(end);
        await AssertWholeAsync(world, code, people[0]);
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(world.Odoo.Server.FileStore), f => f.Contains("rehearsal", StringComparison.Ordinal));
        Directory.Delete(folder, recursive: true);
    }

    private static async Task<JsonObject> UpgradeAsync(OdooWorld world, string code, string version, string kind)
    {
        var (status, job, body) = await world.Api.TryPostAsync(
            $"/api/tenants/{code}/upgrade",
            new JsonObject { ["version"] = version, ["kind"] = kind, ["modules"] = new JsonArray("portal"), ["reason"] = "A new release." });
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        return await world.Api.EndOfAsync(job!, seconds: 600);
    }

    private static void Tell(JsonObject end) => TestContext.Current.SendDiagnosticMessage($"outage {end["result"]!["outageMs"]} ms; {end["result"]!["steps"]!.ToJsonString()}");

    private static async Task AssertWholeAsync(OdooWorld world, string code, (string Login, string Password) who)
    {
        using var visitor = await world.VisitAsync(code);
        Assert.Equal(code, (string?)(await visitor.SignInAsync(who.Login, who.Password))!["db"]);
        var session = await world.Odoo.Client.SignInAsync(code, who.Login, who.Password);
        Assert.Single(await session.FindAsync("res.partner", [new JsonArray("name", "=", "A customer of ours")], ["name"]));
        Assert.Empty(await session.FindAsync("ir.module.module", [new JsonArray("name", "=", "portal"), new JsonArray("state", "!=", "installed")], ["name"]));
        Assert.NotEmpty(await session.FindAsync("ir.cron", [new JsonArray("active", "=", true)], ["name"]));
        Assert.Empty(await world.MissingFilesAsync(code));
    }
}
