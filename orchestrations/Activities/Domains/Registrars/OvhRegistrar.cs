using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Activities.Dns.Ovh;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>
/// Domains at OVH. What is made ready is a cart, which can be ordered once: it is read-only from then on. Whoever comes
/// after a crash finds the order among the account's, or orders the same cart.
/// </summary>
internal sealed class OvhRegistrar(IServiceProvider services, IOptions<RegistrarOptions> options, TimeProvider time) : IDomainRegistrar
{
    private const string Create = "create";
    private const string Mode = "create-default";
    private const string OneYear = "P1Y";
    private const int MostOrders = 30;
    private readonly OvhApi _api = ActivatorUtilities.CreateInstance<OvhApi>(services);
    private readonly OvhRegistrarSettings _settings = options.Value.Ovh;

    public string Provider => RegistrarProviders.Ovh;

    public async Task<DomainOffer> OfferAsync(string name, CancellationToken cancellationToken) =>
        await OfferAsync(await NewCartAsync(TimeSpan.FromHours(1), cancellationToken), name, cancellationToken);

    public async Task<RegistrarOrder?> FindAsync(string name, DateTimeOffset since, CancellationToken cancellationToken)
    {
        // Our clock and theirs may differ.
        var from = (since - TimeSpan.FromHours(1)).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture);
        var orders = await CallAsync(HttpMethod.Get, $"/me/order?date.from={Uri.EscapeDataString(from)}", null, cancellationToken);
        foreach (var id in orders.EnumerateArray().Select(o => o.GetInt64()).OrderDescending().Take(MostOrders))
        {
            var reference = id.ToString(CultureInfo.InvariantCulture);
            if (await IsOfAsync(reference, name, cancellationToken) && (await LookAtOrderAsync(reference, cancellationToken)).State != PurchaseStanding.Failed)
            {
                return new RegistrarOrder(reference, null);
            }
        }

        return await IsOwnedAsync(name, cancellationToken) ? new RegistrarOrder(null, null) : null;
    }

    public async Task<string> PrepareAsync(string name, string? former, CancellationToken cancellationToken)
    {
        if (former is not null && await _api.CallAsync(HttpMethod.Get, $"/order/cart/{former}", null, cancellationToken) is not null)
        {
            return former;
        }

        var cart = await NewCartAsync(TimeSpan.FromDays(1), cancellationToken);
        var wanted = new JsonObject
        {
            ["domain"] = name,
            ["duration"] = OneYear,
            ["planCode"] = EndingOf(name),
            ["pricingMode"] = Mode,
            ["quantity"] = 1,
        };
        var item = await CallAsync(HttpMethod.Post, $"/order/cart/{cart}/domain", wanted.ToJsonString(), cancellationToken);
        var itemId = item.GetProperty("itemId").GetInt64().ToString(CultureInfo.InvariantCulture);
        await CallAsync(HttpMethod.Post, $"/order/cart/{cart}/assign", null, cancellationToken);
        var path = $"/order/cart/{cart}/item/{itemId}";
        var needed = await CallAsync(HttpMethod.Get, $"{path}/requiredConfiguration", null, cancellationToken);
        foreach (var label in needed.EnumerateArray().Where(n => n.GetProperty("required").GetBoolean()).Select(n => n.GetProperty("label").GetString()!))
        {
            var configuration = new JsonObject { ["label"] = label, ["value"] = ValueOf(label, name) };
            await CallAsync(HttpMethod.Post, $"{path}/configuration", configuration.ToJsonString(), cancellationToken);
        }

        return cart;
    }

    public async Task<RegistrarOrder> OrderAsync(string name, string preparation, DomainOffer offer, Price limit, CancellationToken cancellationToken)
    {
        var cart = $"/order/cart/{preparation}";
        await ThrowIfOrderedAsync(cart, cancellationToken);
        var price = PriceOf((await CallAsync(HttpMethod.Get, $"{cart}/checkout", null, cancellationToken)).GetProperty("prices").GetProperty("withoutTax"));
        if (price.RefusalAbove(limit) is { } refusal)
        {
            throw new PermanentFailureException($"The domain '{name}' was not ordered: {refusal}.");
        }

        var order = new JsonObject { ["autoPayWithPreferredPaymentMethod"] = true, ["waiveRetractationPeriod"] = true };
        try
        {
            var placed = await CallAsync(HttpMethod.Post, $"{cart}/checkout", order.ToJsonString(), cancellationToken);
            return new RegistrarOrder(placed.GetProperty("orderId").GetInt64().ToString(CultureInfo.InvariantCulture), price);
        }
        catch (PermanentFailureException)
        {
            // Somebody who was taken for dead may have been faster.
            await ThrowIfOrderedAsync(cart, cancellationToken);
            throw;
        }
    }

    public async Task<PurchaseStanding> LookAsync(string name, string? reference, CancellationToken cancellationToken) =>
        await IsOwnedAsync(name, cancellationToken) ? new PurchaseStanding(PurchaseStanding.Registered)
        : reference is null ? new PurchaseStanding(PurchaseStanding.Failed, $"OVH does not have '{name}' in the account any more.")
        : await LookAtOrderAsync(reference, cancellationToken);

    private async Task<PurchaseStanding> LookAtOrderAsync(string reference, CancellationToken cancellationToken) =>
        (await CallAsync(HttpMethod.Get, $"/me/order/{reference}/status", null, cancellationToken)).GetString() switch
        {
            "cancelled" or "cancelling" => new PurchaseStanding(PurchaseStanding.Failed, $"order {reference} was cancelled at OVH."),
            "notPaid" => new PurchaseStanding(PurchaseStanding.UnderWay, $"order {reference} is not paid: no preferred payment method of the OVH account took it."),
            "documentsRequested" => new PurchaseStanding(PurchaseStanding.UnderWay, $"OVH asks for documents about order {reference}."),
            var status => new PurchaseStanding(PurchaseStanding.UnderWay, $"order {reference} is '{status}' at OVH."),
        };

    private async Task<DomainOffer> OfferAsync(string cart, string name, CancellationToken cancellationToken)
    {
        var offers = await CallAsync(HttpMethod.Get, $"/order/cart/{cart}/domain?domain={Uri.EscapeDataString(name)}", null, cancellationToken);
        var creations = offers.EnumerateArray().Where(o => o.GetProperty("action").GetString() == Create && o.GetProperty("orderable").GetBoolean()).ToList();
        if (creations.Count == 0)
        {
            return new DomainOffer(false, $"'{name}' is taken, or its ending is not sold by OVH.", null);
        }

        var offer = creations.FirstOrDefault(o => o.GetProperty("pricingMode").GetString() == Mode);
        if (offer.ValueKind == JsonValueKind.Undefined)
        {
            return new DomainOffer(false, $"'{name}' has a price of its own ({creations[0].GetProperty("pricingMode").GetString()}): buy it in OVH's console.", null);
        }

        var prices = offer.GetProperty("prices").EnumerateArray().ToDictionary(p => p.GetProperty("label").GetString()!, p => p.GetProperty("price"));
        return prices.TryGetValue("TOTAL", out var price) || prices.TryGetValue("PRICE", out price)
            ? new DomainOffer(true, null, PriceOf(price))
            : throw new TransientFailureException($"OVH names no price of '{name}'.");
    }

    private async Task<string> NewCartAsync(TimeSpan life, CancellationToken cancellationToken)
    {
        var wish = new JsonObject
        {
            ["ovhSubsidiary"] = _settings.Subsidiary,
            ["expire"] = (time.GetUtcNow() + life).UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'+00:00'", CultureInfo.InvariantCulture),
        };
        return (await CallAsync(HttpMethod.Post, "/order/cart", wish.ToJsonString(), cancellationToken)).GetProperty("cartId").GetString()!;
    }

    private async Task ThrowIfOrderedAsync(string cart, CancellationToken cancellationToken)
    {
        if ((await CallAsync(HttpMethod.Get, cart, null, cancellationToken)).GetProperty("readOnly").GetBoolean())
        {
            throw new TransientFailureException("OVH has the order already and does not list it yet.");
        }
    }

    private async Task<bool> IsOfAsync(string reference, string name, CancellationToken cancellationToken)
    {
        var details = await CallAsync(HttpMethod.Get, $"/me/order/{reference}/details", null, cancellationToken);
        foreach (var id in details.EnumerateArray().Select(d => d.GetInt64()))
        {
            var detail = await CallAsync(HttpMethod.Get, string.Create(CultureInfo.InvariantCulture, $"/me/order/{reference}/details/{id}"), null, cancellationToken);
            if (detail.GetProperty("domain").GetString() == name)
            {
                return true;
            }
        }

        return false;
    }

    private async Task<bool> IsOwnedAsync(string name, CancellationToken cancellationToken) =>
        await _api.CallAsync(HttpMethod.Get, $"/domain/{name}", null, cancellationToken) is not null;

    private async Task<JsonElement> CallAsync(HttpMethod method, string path, string? body, CancellationToken cancellationToken) =>
        await _api.CallAsync(method, path, body, cancellationToken) ?? throw new TransientFailureException($"OVH has no {path} any more.");

    private string ValueOf(string label, string name) => label switch
    {
        "ACCEPT_CONDITIONS" or "OWNER_LEGAL_AGE" => "true",
        "OWNER_CONTACT" when _settings.OwnerContact.Length > 0 => _settings.OwnerContact,
        "OWNER_CONTACT" => throw new PermanentFailureException($"OVH wants to know whose '{name}' will be: set Domains__Registrar__Ovh__OwnerContact."),
        _ => throw new PermanentFailureException($"OVH wants {label} for '{name}', which cannot be given here: buy it in OVH's console."),
    };

    private static Price PriceOf(JsonElement price) => new(price.GetProperty("value").GetDecimal(), price.GetProperty("currencyCode").GetString()!);

    private static string EndingOf(string name) => name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
}
