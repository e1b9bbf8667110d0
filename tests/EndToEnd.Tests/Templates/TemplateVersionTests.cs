using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Templates;

/// <summary>A template is built anew, tried out, taken over by orders, taken back and retired, through the API.</summary>
[Collection(TemplateVersionCollection.Name)]
public sealed class TemplateVersionTests
{
    [Fact]
    public async Task A_version_is_built_tried_out_promoted_and_rolled_back()
    {
        await using var world = await VersionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var before = await ProvisionedAsync(world, host.Api, record: 1);

        await VersionWorld.BuiltAsync(host.Api);
        await world.AssertOnlyAsync("template_blank_v2");
        Assert.Equal("2 candidate, 1 current", await VersionWorld.StatesAsync(host.Api));
        var job = await host.Api.EndOfAsync(await VersionWorld.PromoteAsync(host.Api, 2), seconds: 120);

        VersionWorld.Succeeded(job);
        Assert.All(job["inventory"]!["items"]!.AsArray(), i => Assert.Equal("absent", (string?)i!["state"]));
        Assert.Equal(
            ["database", "database", "file-store", "secret"], job["inventory"]!["items"]!.AsArray().Select(i => (string?)i!["kind"]).Order(StringComparer.Ordinal));
        await world.AssertOnlyAsync("template_blank_v2");
        Assert.Equal("2 current, 1 previous", await VersionWorld.StatesAsync(host.Api));
        await world.Installation.DropAsync(before);

        var (status, _, body) = await host.Api.TryPostAsync("/api/templates/blank/versions/2/rollback", new JsonObject { ["reason"] = "invoices look wrong" });
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        Assert.Equal("2 candidate, 1 current", await VersionWorld.StatesAsync(host.Api));
        var tenants = (await host.Api.GetAsync("/api/templates/blank/tenants"))["items"]!.AsArray();
        Assert.Equal((before, 1, true), ((string?)tenants.Single()!["tenant"], (int)tenants.Single()!["number"]!, (bool)tenants.Single()!["isCurrent"]!));
        Assert.Equal(4, (int)(await host.Api.GetAsync("/api/templates/blank/changes"))["total"]!);
    }

    [Fact]
    public async Task A_tenant_of_a_promoted_version_works()
    {
        await using var world = await VersionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await VersionWorld.BuiltAsync(host.Api);
        VersionWorld.Succeeded(await host.Api.EndOfAsync(await VersionWorld.PromoteAsync(host.Api, 2), seconds: 120));

        var code = await ProvisionedAsync(world, host.Api, record: 1);

        var tenant = await host.Api.GetAsync($"/api/tenants/{code}");
        Assert.Equal(("active", 2), ((string?)tenant["state"], (int)tenant["templateNumber"]!));
        Assert.Equal(12, Directory.EnumerateFiles(Path.Combine(world.Files, code), "*", SearchOption.AllDirectories).Count(f => Path.GetFileName(f).Length == 40));
    }

    [Fact]
    public async Task A_trial_that_cannot_be_opened_refuses_the_candidate_and_leaves_nothing()
    {
        await using var world = await VersionWorld.CreateAsync();
        world.StopApplication();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await VersionWorld.BuiltAsync(host.Api);

        var job = await host.Api.EndOfAsync(await VersionWorld.PromoteAsync(host.Api, 2, canaryPercent: 20), seconds: 120);

        Assert.Equal("failed", (string?)job["state"]);
        Assert.Contains("A clone of it could not be opened: The application at 127.0.0.1:9 was not asked", (string?)job["reason"], StringComparison.Ordinal);
        Assert.All(job["inventory"]!["items"]!.AsArray(), i => Assert.Equal("absent", (string?)i!["state"]));
        await world.AssertOnlyAsync("template_blank_v2");
        Assert.Equal("2 candidate, 1 current", await VersionWorld.StatesAsync(host.Api));
        Assert.Equal(OdooTemplateFixture.Database, (string?)(await host.Api.GetAsync("/api/templates/blank"))["items"]![0]!["database"]);
    }

    [Fact]
    public async Task What_somebody_dropped_by_hand_is_neither_promoted_nor_rolled_back_to()
    {
        await using var world = await VersionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        await VersionWorld.BuiltAsync(host.Api);
        VersionWorld.Succeeded(await host.Api.EndOfAsync(await VersionWorld.PromoteAsync(host.Api, 2), seconds: 120));
        await VersionWorld.BuiltAsync(host.Api);
        await world.DropAsync("template_blank_v3");

        var job = await host.Api.EndOfAsync(await VersionWorld.PromoteAsync(host.Api, 3), seconds: 120);

        Assert.Contains("The template database 'template_blank_v3' does not exist on server 'local'", (string?)job["reason"], StringComparison.Ordinal);
        Assert.Equal("3 candidate, 2 current, 1 previous", await VersionWorld.StatesAsync(host.Api));
        await VersionWorld.BuiltAsync(host.Api);
        VersionWorld.Succeeded(await host.Api.EndOfAsync(await VersionWorld.PromoteAsync(host.Api, 4), seconds: 120));
        await world.DropAsync("template_blank_v2");
        var (status, _, body) = await host.Api.TryPostAsync("/api/templates/blank/versions/4/rollback", new JsonObject { ["reason"] = "x" });
        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("'template_blank_v2' of version 2 is not there", (string?)body["detail"], StringComparison.Ordinal);
        Assert.Equal("4 current, 3 candidate, 2 previous, 1 retired", await VersionWorld.StatesAsync(host.Api));

        // The first was attached: somebody else made it, so it stays. What is left of the others goes.
        await RetiredAsync(world, host.Api, 3);
        await RetiredAsync(world, host.Api, 2);
        await world.AssertOnlyAsync("template_blank_v4");
        Assert.Equal(0, await world.Installation.CountAsync("select count(*) from control.template_versions where state = 'retired' and dropped_at is null"));
        await using var fixture = Npgsql.NpgsqlDataSource.Create(world.Installation.SuperuserConnectionString);
        await using var look = fixture.CreateCommand($"select count(*) from pg_database where datname = '{OdooTemplateFixture.Database}'");
        Assert.Equal(1L, await look.ExecuteScalarAsync());
    }

    [Fact]
    public async Task A_database_that_somebody_else_filled_is_taken_if_it_is_clean()
    {
        await using var world = await VersionWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        const string Other = "golden_by_hand";
        await world.AsAdministratorAsync($"create database {Other} template {OdooTemplateFixture.Database} owner odoo");
        var command = new JsonObject { ["database"] = Other, ["attach"] = true, ["reason"] = VersionWorld.Why };
        Bibind.Local.OdooFiles.Write(world.Files, Other);

        var (_, job, _) = await host.Api.TryPostAsync("/api/templates/blank/versions", command.DeepClone().AsObject());
        var refused = await host.Api.EndOfAsync(job!, seconds: 120);

        Assert.Equal("failed", (string?)refused["state"]);
        Assert.Contains("holds what no tenant may inherit: ", (string?)refused["reason"], StringComparison.Ordinal);
        Assert.Contains("incoming mail servers", (string?)refused["reason"], StringComparison.Ordinal);
        Assert.Contains("credentials in ir_mail_server.smtp_pass", (string?)refused["reason"], StringComparison.Ordinal);
        Directory.Delete(Path.Combine(world.Files, Other), recursive: true);
        await world.AsAdministratorAsync($"drop database {Other} with (force)");
        await world.AssertOnlyAsync();
    }

    private static async Task RetiredAsync(VersionWorld world, Api api, int number)
    {
        var (status, _, body) = await api.TryPostAsync($"/api/templates/blank/versions/{number}/retire", new JsonObject { ["reason"] = "not needed" });
        Assert.True(status == HttpStatusCode.OK, body.ToString());
        await world.Installation.ComesToRestAsync();
    }

    private static async Task<string> ProvisionedAsync(VersionWorld world, Api api, int record)
    {
        VersionWorld.Succeeded(await api.EndOfAsync(await api.OrderByWebhookAsync(world.Installation.Code, record), seconds: 120));
        await world.Installation.ComesToRestAsync();
        return world.Installation.Code;
    }
}
