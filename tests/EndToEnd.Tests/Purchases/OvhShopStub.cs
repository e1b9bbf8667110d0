using System.Globalization;
using System.Text.Json.Nodes;
using Bibind.Activities.Tests.Dns;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>
/// OVH's carts and orders, as its documentation describes them, beside the zone of <see cref="OvhApiStub"/>, which checks the
/// signatures. A cart is ordered once; the zone is there when the name is.
/// </summary>
internal sealed class OvhShopStub : IRegistrarStub
{
    private static readonly string[] Needed = ["OWNER_CONTACT", "ACCEPT_CONDITIONS"];
    private readonly OvhApiStub _api;
    private readonly Dictionary<string, Cart> _carts = [];
    private readonly List<Order> _orders = [];
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private bool _isOwned;

    private OvhShopStub(OvhApiStub api, string name)
    {
        (_api, Name) = (api, name);
        api.Besides = ServeAsync;
    }

    public string Name { get; }

    public decimal Price { get; set; } = 9.99m;

    public int Orders => _orders.Count;

    public bool Delivers { get; set; } = true;

    public bool GivesUp { get; set; }

    public Func<HttpContext, Task<bool>>? Fault
    {
        set => _api.Fault = value;
    }

    public Task Held => _held.Task;

    public Hold HoldAt { get; set; }

    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>(
        _api.Settings.Where(s => s.Item1 != "Dns:Provider").Select(s => KeyValuePair.Create(s.Item1, s.Item2!)))
    {
        ["Domains:Registrar:Provider"] = "ovh",
        ["Domains:Registrar:FirstLook"] = "00:00:00.1",
        ["Domains:Registrar:Ovh:Subsidiary"] = "FR",
        ["Domains:Registrar:Ovh:OwnerContact"] = "/me/contact/1234",
    };

    public static async Task<OvhShopStub> StartAsync()
    {
        var dns = await SharedServers.PowerDnsAsync();
        var zone = await dns.NewZoneAsync();
        return new OvhShopStub(await OvhApiStub.StartAsync(dns, zone), zone);
    }

    public void Own() => _isOwned = true;

    public ValueTask DisposeAsync() => _api.DisposeAsync();

    private async Task<bool> ServeAsync(HttpContext http, string path, string body)
    {
        var parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        JsonNode? answer;
        switch (http.Request.Method, parts)
        {
            case ("GET", ["domain", var name]) when name == Name && _isOwned:
                answer = new JsonObject { ["domain"] = name };
                break;
            case ("POST", ["order", "cart"]):
                var cartId = $"cart-{_carts.Count + 1}";
                _carts[cartId] = new Cart();
                answer = Show(cartId);
                break;
            case (_, ["order", "cart", var id, ..]) when _carts.TryGetValue(id, out var cart):
                return await ServeCartAsync(http, parts, body, id, cart);
            case ("GET", ["me", "order"]):
                answer = new JsonArray([.. _orders.Select(o => JsonValue.Create(o.Id))]);
                break;
            case ("GET", ["me", "order", var id, .. var rest]) when _orders.Find(o => o.Id == long.Parse(id, CultureInfo.InvariantCulture)) is { } order:
                answer = rest switch
                {
                    ["status"] => JsonValue.Create(Advance(order)),
                    ["details"] => new JsonArray(order.Id * 10),
                    _ => new JsonObject { ["domain"] = order.Domain, ["orderDetailId"] = order.Id * 10 },
                };
                break;
            default:
                return false;
        }

        await http.Response.WriteAsJsonAsync(answer);
        return true;
    }

    private async Task<bool> ServeCartAsync(HttpContext http, string[] parts, string body, string cartId, Cart cart)
    {
        var isWrite = http.Request.Method == "POST";
        if (isWrite && cart.ReadOnly)
        {
            await OvhApiStub.RefuseAsync(http, 400, "Client::BadRequest", "Cart is in read only mode");
            return true;
        }

        JsonNode? answer = null;
        switch (parts[3..])
        {
            case []:
                answer = Show(cartId);
                break;
            case ["domain"] when !isWrite:
                answer = new JsonArray(Offer(http.Request.Query["domain"]!));
                break;
            case ["domain"]:
                var wanted = JsonNode.Parse(body)!;
                if ((string?)wanted["duration"] != "P1Y" || (string?)wanted["pricingMode"] != "create-default")
                {
                    await OvhApiStub.RefuseAsync(http, 400, "Client::BadRequest", "Invalid item");
                    return true;
                }

                cart.Domain = (string?)wanted["domain"];
                answer = new JsonObject { ["itemId"] = 77 };
                break;
            case ["assign"]:
                cart.IsAssigned = true;
                break;
            case ["item", "77", "requiredConfiguration"]:
                answer = new JsonArray([.. Needed.Select(l => new JsonObject { ["label"] = l, ["required"] = true }), new JsonObject { ["label"] = "DNS", ["required"] = false }]);
                break;
            case ["item", "77", "configuration"]:
                cart.Configured.Add((string)JsonNode.Parse(body)!["label"]!);
                answer = new JsonObject { ["id"] = cart.Configured.Count };
                break;
            case ["checkout"]:
                return await CheckOutAsync(http, isWrite, cart);
            default:
                return false;
        }

        await http.Response.WriteAsJsonAsync(answer);
        return true;
    }

    private async Task<bool> CheckOutAsync(HttpContext http, bool isOrder, Cart cart)
    {
        if (cart.Domain is null || !cart.IsAssigned || Needed.Except(cart.Configured).Any())
        {
            await OvhApiStub.RefuseAsync(http, 400, "Client::BadRequest", "The cart is not complete");
            return true;
        }

        var answer = new JsonObject { ["prices"] = new JsonObject { ["withoutTax"] = Money(), ["withTax"] = Money() } };
        if (isOrder)
        {
            await HoldIfAsync(http, Hold.BeforeTheOrder);
            cart.ReadOnly = true;
            _orders.Add(new Order(200 + _orders.Count, cart.Domain));
            answer["orderId"] = _orders[^1].Id;
            await HoldIfAsync(http, Hold.AfterTheOrder);
        }

        await http.Response.WriteAsJsonAsync(answer);
        return true;
    }

    private async Task HoldIfAsync(HttpContext http, Hold here)
    {
        if (HoldAt == here)
        {
            HoldAt = Hold.Nowhere;
            _held.TrySetResult();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        }
    }

    private string Advance(Order order)
    {
        if (GivesUp)
        {
            return "cancelled";
        }

        _isOwned |= Delivers;
        return _isOwned ? "delivered" : "notPaid";
    }

    private JsonObject Show(string id) => new() { ["cartId"] = id, ["readOnly"] = _carts[id].ReadOnly };

    private JsonObject Offer(string name) => name == Name && !_isOwned && _orders.Count == 0
        ? new JsonObject
        {
            ["action"] = "create",
            ["orderable"] = true,
            ["pricingMode"] = "create-default",
            ["prices"] = new JsonArray(new JsonObject { ["label"] = "TOTAL", ["price"] = Money() }),
        }
        : new JsonObject { ["action"] = "transfer", ["orderable"] = true, ["pricingMode"] = "transfer-default", ["prices"] = new JsonArray() };

    private JsonObject Money() => new() { ["currencyCode"] = "EUR", ["value"] = Price };

    private sealed class Cart
    {
        public string? Domain { get; set; }

        public bool IsAssigned { get; set; }

        public bool ReadOnly { get; set; }

        public HashSet<string> Configured { get; } = [];
    }

    private sealed record Order(long Id, string Domain);
}
