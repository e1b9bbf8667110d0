using System.Text.Json.Nodes;
using Bibind.EndToEnd.Tests;
using Bibind.Local.RealServers;
using Bibind.Testing;

namespace Bibind.Odoo.Tests;

/// <summary>A console in a real Odoo, whose automation rule posts what its records say about a tenant, without any mapping in the settings.</summary>
public sealed class ConsoleEventsTests
{
    private const string Model = "x_saas_instance";
    private static readonly OdooRecipe Recipe = new(["base", "web", "mail", "portal", "base_automation"], ["en_US"]);
    private static readonly string[] Fields = ["x_code", "x_event", "x_plan", "x_period", "x_reason"];
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(200);

    [Fact]
    public async Task A_record_changes_the_plan_and_suspends_and_its_deliveries_say_so()
    {
        await using var world = await OdooWorld.StartAsync();
        var code = await world.OrderAsync();
        var console = world.Adopt($"console{Guid.NewGuid():n}"[..16]);
        await OdooDatabases.MakeAsync(world.Odoo.Postgres, world.Odoo.Server, console, Recipe);
        var session = await world.Odoo.Client.SignInAsync(console, "admin", "admin");
        await AddRuleAsync(session, new Uri(world.Host.Address, $"/webhooks/odoo/{Installation.WebhookToken}"));

        var record = await session.CreateAsync(Model, new JsonObject
        {
            ["x_name"] = "Chez Anna",
            ["x_code"] = code,
            ["x_event"] = "change_plan",
            ["x_plan"] = "pro",
            ["x_period"] = "yearly",
        });
        await BecomesAsync(world, code, tenant => (string?)tenant["plan"] == "pro" && (string?)tenant["state"] == "active");
        await session.CallAsync(Model, "write", [new JsonArray(record), new JsonObject { ["x_event"] = "suspend", ["x_reason"] = "not paid" }]);
        await BecomesAsync(world, code, tenant => (string?)tenant["state"] == "suspended");

        // Odoo sends the record at every write, whatever was written.
        await session.CallAsync(Model, "write", [new JsonArray(record), new JsonObject { ["x_name"] = "Chez Anna et Louise" }]);
        var deliveries = await Eventually.UntilAsync(
            async () => (await world.Api.GetAsync($"/api/webhooks/deliveries?tenant={code}"))["items"]!.AsArray(), d => d.Count == 3, Patience, "three deliveries are kept");
        Assert.Equal(
            ["suspend repeated", "suspend taken", "change_plan taken"], deliveries.Select(d => $"{(string?)d!["event"]} {(string?)d["state"]}"));
        Assert.All(deliveries, d => Assert.Equal((Model, record, "console"), ((string?)d!["model"], (int)d["recordId"]!, (string?)d["caller"])));
        foreach (var job in deliveries.Skip(1).Select(d => (string)d!["job"]!))
        {
            // A tenant is suspended from the order on, before its job has ended.
            await Eventually.UntilAsync(() => world.Api.GetAsync($"/api/jobs/{job}"), j => (string?)j["state"] == "succeeded", Patience, "the job succeeds");
        }

        var subscription = await world.Api.GetAsync($"/api/tenants/{code}/subscription");
        Assert.Equal(("pro", "yearly", "suspended"), ((string?)subscription["plan"], (string?)subscription["period"], (string?)subscription["state"]));
    }

    private static Task<JsonObject> BecomesAsync(OdooWorld world, string code, Func<JsonObject, bool> wanted) =>
        Eventually.UntilAsync(() => world.Api.GetAsync($"/api/tenants/{code}"), wanted, Patience, "the tenant follows");

    // As a consultant makes it by hand: a model, and a rule that sends each record when it is made and when it is changed.
    private static async Task AddRuleAsync(OdooSession session, Uri webhook)
    {
        var model = await session.CreateAsync("ir.model", new JsonObject
        {
            ["name"] = "SaaS instance",
            ["model"] = Model,
            ["field_id"] = new JsonArray([.. Fields.Append("x_name").Select(name => New(new JsonObject { ["name"] = name, ["field_description"] = name[2..], ["ttype"] = "char" }))]),
        });
        await session.CreateAsync("ir.model.access", new JsonObject
        {
            ["name"] = Model,
            ["model_id"] = model,
            ["group_id"] = await session.IdOfAsync("base", "group_system"),
            ["perm_read"] = true,
            ["perm_write"] = true,
            ["perm_create"] = true,
        });
        var chosen = await session.FindAsync("ir.model.fields", [new JsonArray("model", "=", Model), new JsonArray("name", "in", new JsonArray([.. Fields.Select(f => JsonValue.Create(f))]))], ["name"]);
        await session.CreateAsync("base.automation", new JsonObject
        {
            ["name"] = "Say",
            ["model_id"] = model,
            ["trigger"] = "on_create_or_write",
            ["action_server_ids"] = new JsonArray(New(new JsonObject
            {
                ["name"] = "Say",
                ["model_id"] = model,
                ["usage"] = "base_automation",
                ["state"] = "webhook",
                ["webhook_url"] = webhook.AbsoluteUri,
                ["webhook_field_ids"] = new JsonArray(new JsonArray(6, 0, new JsonArray([.. chosen.Select(f => f["id"]!.DeepClone())]))),
            })),
        });
    }

    // As Odoo wants a new record inside another's values.
    private static JsonArray New(JsonObject values) => [0, 0, values];
}
