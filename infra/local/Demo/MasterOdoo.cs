using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Bibind.Local.RealServers;

namespace Bibind.Local.Demo;

/// <summary>
/// The Odoo that sells tenants: a database of its own at the same server, with a model for orders and an automation rule that
/// sends each new one to the control plane, all of it made by JSON-RPC as a consultant makes it by hand.
/// </summary>
internal sealed class MasterOdoo : IDisposable
{
    public const string Database = "master";

    private const string Model = "x_saas_instance";
    private static readonly OdooRecipe Recipe = new(["base", "web", "mail", "portal", "base_automation"], ["en_US"]);
    private static readonly string[] Fields =
        ["x_code", "x_customer_name", "x_customer_email", "x_offer", "x_plan", "x_template", "x_lang", "x_tz", "x_currency", "x_country", "x_vat"];

    private readonly OdooClient _client;
    private readonly OdooSession _session;

    private MasterOdoo(OdooClient client, OdooSession session, string password, bool isRestored) =>
        (_client, _session, Password, IsRestored) = (client, session, password, isRestored);

    /// <summary>Its administrator's, who is <c>admin</c>.</summary>
    public string Password { get; }

    /// <summary>True if its database is from what an earlier run kept.</summary>
    public bool IsRestored { get; }

    /// <summary>Makes the database, model and rule.</summary>
    /// <param name="webhook">Where the rule posts orders.</param>
    public static async Task<MasterOdoo> MakeAsync(EmbeddedPostgres postgres, OdooServer odoo, Uri webhook, CancellationToken cancellationToken)
    {
        var isRestored = await OdooDatabases.MakeAsync(postgres, odoo, Database, Recipe, cancellationToken);
        var client = new OdooClient(odoo.Url);
        try
        {
            var password = RandomNumberGenerator.GetHexString(20, lowercase: true);
            var session = await client.SignInAsync(Database, "admin", "admin", cancellationToken);
            await session.CallAsync("res.users", "write", [new JsonArray(session.UserId), new JsonObject { ["password"] = password }], cancellationToken: cancellationToken);
            session = await client.SignInAsync(Database, "admin", password, cancellationToken);
            await AddRuleAsync(session, webhook, cancellationToken);
            return new MasterOdoo(client, session, password, isRestored);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    public void Dispose() => _client.Dispose();

    /// <summary>Sells one: makes a record, which sets the rule off.</summary>
    /// <param name="order">Fields of the order, as the control plane names them.</param>
    public Task<int> SellAsync(JsonObject order, CancellationToken cancellationToken)
    {
        var values = new JsonObject();
        foreach (var (name, value) in order.Where(field => field.Key != "name"))
        {
            if (Fields.Contains($"x_{name}"))
            {
                values[$"x_{name}"] = value?.DeepClone();
            }
        }

        values["x_name"] = order["name"]?.DeepClone();
        return _session.CreateAsync(Model, values, cancellationToken);
    }

    private static async Task AddRuleAsync(OdooSession session, Uri webhook, CancellationToken cancellationToken)
    {
        var fields = new JsonArray([.. Fields.Select(name => Command(new JsonObject { ["name"] = name, ["field_description"] = name[2..], ["ttype"] = "char" }))]);
        fields.Add(Command(new JsonObject { ["name"] = "x_name", ["field_description"] = "Name", ["ttype"] = "char" }));
        var model = await session.CreateAsync(
            "ir.model", new JsonObject { ["name"] = "SaaS instance", ["model"] = Model, ["field_id"] = fields }, cancellationToken);
        await session.CreateAsync(
            "ir.model.access",
            new JsonObject
            {
                ["name"] = Model,
                ["model_id"] = model,
                ["group_id"] = await session.IdOfAsync("base", "group_system", cancellationToken),
                ["perm_read"] = true,
                ["perm_write"] = true,
                ["perm_create"] = true,
                ["perm_unlink"] = true,
            },
            cancellationToken);
        var chosen = await session.FindAsync(
            "ir.model.fields", [new JsonArray("model", "=", Model), new JsonArray("name", "=like", "x_%")], ["name"], cancellationToken);
        await session.CreateAsync(
            "base.automation",
            new JsonObject
            {
                ["name"] = "Provision",
                ["model_id"] = model,
                ["trigger"] = "on_create",
                ["action_server_ids"] = new JsonArray(Command(new JsonObject
                {
                    ["name"] = "Provision",
                    ["model_id"] = model,
                    ["usage"] = "base_automation",
                    ["state"] = "webhook",
                    ["webhook_url"] = webhook.AbsoluteUri,
                    ["webhook_field_ids"] = new JsonArray(new JsonArray(6, 0, new JsonArray([.. chosen.Select(f => f["id"]!.DeepClone())]))),
                })),
            },
            cancellationToken);
    }

    /// <summary>As Odoo wants a new record inside another's values.</summary>
    private static JsonArray Command(JsonObject values) => [0, 0, values];
}
