using System.Text.Json;
using System.Text.Json.Nodes;
using Bibind.Contracts;
using Bibind.Durable;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.Activities.Domains.Registrars;

/// <summary>
/// Domains at Route 53. A registration is an operation, found again by its name; a second one beside it is refused by the
/// registrar itself. It makes a hosted zone and renews by itself every year.
/// </summary>
internal sealed class Route53Registrar(IServiceProvider services, IOptions<RegistrarOptions> options) : IDomainRegistrar
{
    private readonly Route53DomainsApi _api = ActivatorUtilities.CreateInstance<Route53DomainsApi>(services);
    private readonly RegistrarContact _contact = options.Value.Route53.Contact;

    public string Provider => RegistrarProviders.Route53;

    public async Task<DomainOffer> OfferAsync(string name, CancellationToken cancellationToken)
    {
        var answer = await _api.CallAsync("CheckDomainAvailability", new JsonObject { ["DomainName"] = name }, cancellationToken);
        switch (Text(answer, "Availability"))
        {
            case "AVAILABLE":
                return new DomainOffer(true, null, await PriceAsync(name, cancellationToken));
            case "PENDING" or "DONT_KNOW":
                throw new TransientFailureException($"Route 53 Domains cannot say now whether '{name}' is available.");
            case "UNAVAILABLE_PREMIUM":
                return new DomainOffer(false, $"'{name}' has a price of its own: buy it in the console of Route 53.", null);
            case var other:
                return new DomainOffer(false, $"'{name}' is not available ({other}).", null);
        }
    }

    public async Task<RegistrarOrder?> FindAsync(string name, DateTimeOffset since, CancellationToken cancellationToken)
    {
        string? marker = null;
        do
        {
            var input = new JsonObject
            {
                // Our clock and theirs may differ.
                ["SubmittedSince"] = (since - TimeSpan.FromHours(1)).ToUnixTimeSeconds(),
                ["Type"] = new JsonArray("REGISTER_DOMAIN"),
                ["Status"] = new JsonArray("SUBMITTED", "IN_PROGRESS", "SUCCESSFUL"),
                ["MaxItems"] = 100,
            };
            if (marker is not null)
            {
                input["Marker"] = marker;
            }

            var page = await _api.CallAsync("ListOperations", input, cancellationToken);
            foreach (var operation in page.GetProperty("Operations").EnumerateArray().Where(o => o.TryGetProperty("DomainName", out var d) && d.GetString() == name))
            {
                return new RegistrarOrder(Text(operation, "OperationId"), null);
            }

            marker = page.TryGetProperty("NextPageMarker", out var next) ? next.GetString() : null;
        }
        while (!string.IsNullOrEmpty(marker));

        return await IsOwnedAsync(name, cancellationToken) ? new RegistrarOrder(null, null) : null;
    }

    public Task<string> PrepareAsync(string name, string? former, CancellationToken cancellationToken) => Task.FromResult(name);

    public async Task<RegistrarOrder> OrderAsync(string name, string preparation, DomainOffer offer, Price limit, CancellationToken cancellationToken)
    {
        var input = new JsonObject
        {
            ["DomainName"] = name,
            ["DurationInYears"] = 1,
            ["AutoRenew"] = true,
            ["AdminContact"] = Contact(),
            ["RegistrantContact"] = Contact(),
            ["TechContact"] = Contact(),
            ["PrivacyProtectAdminContact"] = true,
            ["PrivacyProtectRegistrantContact"] = true,
            ["PrivacyProtectTechContact"] = true,
        };
        try
        {
            return new RegistrarOrder(Text(await _api.CallAsync("RegisterDomain", input, cancellationToken), "OperationId"), offer.Price);
        }
        catch (Route53DomainsRefusal refusal) when (refusal.Code == "DuplicateRequest")
        {
            throw new TransientFailureException("Route 53 Domains has the order already and does not list it yet.", refusal);
        }
    }

    public async Task<PurchaseStanding> LookAsync(string name, string? reference, CancellationToken cancellationToken)
    {
        if (reference is null)
        {
            return await IsOwnedAsync(name, cancellationToken)
                ? new PurchaseStanding(PurchaseStanding.Registered)
                : new PurchaseStanding(PurchaseStanding.Failed, $"Route 53 does not have '{name}' in the account any more.");
        }

        var detail = await _api.CallAsync("GetOperationDetail", new JsonObject { ["OperationId"] = reference }, cancellationToken);
        var words = detail.TryGetProperty("Message", out var message) && message.GetString() is { Length: > 0 } told ? $": {told.TrimEnd('.')}" : "";
        return Text(detail, "Status") switch
        {
            "SUCCESSFUL" => new PurchaseStanding(PurchaseStanding.Registered),
            "ERROR" or "FAILED" => new PurchaseStanding(PurchaseStanding.Failed, $"operation {reference} failed at Route 53{words}."),
            var status => new PurchaseStanding(PurchaseStanding.UnderWay, $"operation {reference} is {status} at Route 53{words}."),
        };
    }

    private async Task<Price> PriceAsync(string name, CancellationToken cancellationToken)
    {
        var ending = name[(name.IndexOf('.', StringComparison.Ordinal) + 1)..];
        var list = await _api.CallAsync("ListPrices", new JsonObject { ["Tld"] = ending }, cancellationToken);
        var price = list.GetProperty("Prices").EnumerateArray().FirstOrDefault(p => Text(p, "Name") == ending);
        return price.ValueKind == JsonValueKind.Object
            ? new Price(price.GetProperty("RegistrationPrice").GetProperty("Price").GetDecimal(), Text(price.GetProperty("RegistrationPrice"), "Currency"))
            : throw new PermanentFailureException($"Route 53 Domains does not sell names that end in .{ending}.");
    }

    private async Task<bool> IsOwnedAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            await _api.CallAsync("GetDomainDetail", new JsonObject { ["DomainName"] = name }, cancellationToken);
            return true;
        }
        catch (Route53DomainsRefusal refusal) when (refusal.Code == "InvalidInput")
        {
            return false;
        }
    }

    private JsonObject Contact()
    {
        var contact = new JsonObject
        {
            ["ContactType"] = _contact.ContactType,
            ["FirstName"] = _contact.FirstName,
            ["LastName"] = _contact.LastName,
            ["AddressLine1"] = _contact.AddressLine1,
            ["City"] = _contact.City,
            ["ZipCode"] = _contact.ZipCode,
            ["CountryCode"] = _contact.CountryCode,
            ["PhoneNumber"] = _contact.PhoneNumber,
            ["Email"] = _contact.Email,
        };
        if (_contact.OrganizationName.Length > 0)
        {
            contact["OrganizationName"] = _contact.OrganizationName;
        }

        return contact;
    }

    private static string Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.GetString() is { } text
            ? text
            : throw new TransientFailureException($"Route 53 Domains answered without {name}.");
}
