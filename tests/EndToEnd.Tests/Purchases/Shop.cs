using System.Text.Json.Nodes;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>What the tests of purchases share.</summary>
internal static class Shop
{
    public const string Door = "/api/domains/purchases";

    public static async Task<IRegistrarStub> StartAsync(string registrar) =>
        registrar == "ovh" ? await OvhShopStub.StartAsync() : await Route53ShopStub.StartAsync();

    public static async Task<Installation> InstallAsync(IRegistrarStub shop)
    {
        var installation = await Installation.CreateAsync();
        foreach (var (key, value) in shop.Settings)
        {
            installation.Settings[key] = value;
        }

        return installation;
    }

    public static JsonObject Command(string name, string? confirm = null, decimal amount = 10.00m, string currency = "EUR", string? tenant = null)
    {
        var command = new JsonObject
        {
            ["name"] = name,
            ["confirm"] = confirm ?? name,
            ["maxPrice"] = new JsonObject { ["amount"] = amount, ["currency"] = currency },
        };
        if (tenant is not null)
        {
            command["tenant"] = tenant;
        }

        return command;
    }

    public static string Text(JsonNode node, string member) => (string?)node[member] ?? string.Empty;
}
