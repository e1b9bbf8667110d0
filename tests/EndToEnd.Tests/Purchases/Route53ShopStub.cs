using System.Globalization;
using System.Text.Json.Nodes;
using Bibind.Activities.Tests.Dns;
using Bibind.Activities.Tests.Fixtures;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Http;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>The API of Route 53 Domains for one name, as its documentation describes it: JSON 1.1, Signature Version 4; the zone is <see cref="Route53ApiStub"/>'s.</summary>
internal sealed class Route53ShopStub : IRegistrarStub
{
    private static readonly string[] ContactFields = ["FirstName", "LastName", "AddressLine1", "City", "CountryCode", "ZipCode", "PhoneNumber", "Email"];
    private readonly Route53ApiStub _zone;
    private readonly List<JsonObject> _operations = [];
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);
    private readonly TaskCompletionSource _held = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private HttpStub? _http;
    private bool _isOwned;

    private Route53ShopStub(Route53ApiStub zone, string name) => (_zone, Name) = (zone, name);

    public string Name { get; }

    public decimal Price { get; set; } = 9.99m;

    public int Orders => _operations.Count;

    public bool Delivers { get; set; } = true;

    public bool GivesUp { get; set; }

    public Func<HttpContext, Task<bool>>? Fault { get; set; }

    public Task Held => _held.Task;

    public Hold HoldAt { get; set; }

    public IReadOnlyDictionary<string, string> Settings => new Dictionary<string, string>(
        _zone.Settings.Where(s => s.Item1 != "Dns:Provider").Select(s => KeyValuePair.Create(s.Item1, s.Item2!)))
    {
        ["Domains:Registrar:Provider"] = "route53",
        ["Domains:Registrar:FirstLook"] = "00:00:00.1",
        ["Domains:Registrar:Route53:Url"] = _http!.Url.ToString(),
        ["Domains:Registrar:Route53:Contact:ContactType"] = "PERSON",
        ["Domains:Registrar:Route53:Contact:FirstName"] = "Ada",
        ["Domains:Registrar:Route53:Contact:LastName"] = "Example",
        ["Domains:Registrar:Route53:Contact:AddressLine1"] = "1 rue Exemple",
        ["Domains:Registrar:Route53:Contact:City"] = "Paris",
        ["Domains:Registrar:Route53:Contact:ZipCode"] = "75001",
        ["Domains:Registrar:Route53:Contact:CountryCode"] = "FR",
        ["Domains:Registrar:Route53:Contact:PhoneNumber"] = "+33.123456789",
        ["Domains:Registrar:Route53:Contact:Email"] = "domains@example.com",
    };

    public static async Task<Route53ShopStub> StartAsync()
    {
        var dns = await SharedServers.PowerDnsAsync();
        var zone = await dns.NewZoneAsync();
        var stub = new Route53ShopStub(await Route53ApiStub.StartAsync(dns, zone), zone);
        stub._http = await HttpStub.StartAsync(stub.AnswerAsync);
        return stub;
    }

    public void Own() => _isOwned = true;

    public async ValueTask DisposeAsync()
    {
        await _http!.DisposeAsync();
        await _zone.DisposeAsync();
        _oneAtATime.Dispose();
    }

    private async Task AnswerAsync(HttpContext http)
    {
        await _oneAtATime.WaitAsync();
        try
        {
            using var buffer = new MemoryStream();
            await http.Request.Body.CopyToAsync(buffer);
            var target = http.Request.Headers["X-Amz-Target"].ToString();
            if (Fault is not null && await Fault(http))
            {
                return;
            }

            if (!Route53ApiStub.IsSigned(http.Request, buffer.ToArray(), "route53domains", out _))
            {
                await RefuseAsync(http, "InvalidSignatureException", "The request signature we calculated does not match the signature you provided.");
            }
            else if (http.Request.ContentType != "application/x-amz-json-1.1" || !target.StartsWith("Route53Domains_v20140515.", StringComparison.Ordinal))
            {
                await RefuseAsync(http, "UnknownOperationException", "");
            }
            else
            {
                await ServeAsync(http, target[(target.IndexOf('.', StringComparison.Ordinal) + 1)..], JsonNode.Parse(buffer.ToArray())!.AsObject());
            }
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    private async Task ServeAsync(HttpContext http, string operation, JsonObject input)
    {
        var name = (string?)input["DomainName"];
        switch (operation)
        {
            case "CheckDomainAvailability":
                await http.Response.WriteAsJsonAsync(new JsonObject { ["Availability"] = name == Name && !_isOwned && _operations.Count == 0 ? "AVAILABLE" : "UNAVAILABLE" });
                break;
            case "ListPrices":
                await http.Response.WriteAsync(string.Create(
                    CultureInfo.InvariantCulture, $$$"""{"Prices": [{"Name": "{{{input["Tld"]}}}", "RegistrationPrice": {"Price": {{{Price}}}, "Currency": "EUR"}}]}"""));
                break;
            case "ListOperations":
                await http.Response.WriteAsJsonAsync(new JsonObject { ["Operations"] = new JsonArray([.. _operations.Where(o => !GivesUp).Select(o => o.DeepClone())]) });
                break;
            case "GetDomainDetail" when _isOwned:
                await http.Response.WriteAsJsonAsync(new JsonObject { ["DomainName"] = name });
                break;
            case "GetDomainDetail":
                await RefuseAsync(http, "InvalidInput", $"Domain {name} not found in 123456789012 account");
                break;
            case "GetOperationDetail":
                _isOwned |= Delivers && !GivesUp;
                await http.Response.WriteAsJsonAsync(new JsonObject
                {
                    ["OperationId"] = (string?)input["OperationId"],
                    ["Status"] = GivesUp ? "FAILED" : _isOwned ? "SUCCESSFUL" : "IN_PROGRESS",
                    ["Message"] = GivesUp ? "The registry refused the name" : null,
                });
                break;
            case "RegisterDomain":
                await RegisterAsync(http, input);
                break;
            default:
                await RefuseAsync(http, "UnknownOperationException", "");
                break;
        }
    }

    private async Task RegisterAsync(HttpContext http, JsonObject input)
    {
        if (new[] { "AdminContact", "RegistrantContact", "TechContact" }.Any(c => ContactFields.Any(f => (string?)input[c]?[f] is null or "")))
        {
            await RefuseAsync(http, "InvalidInput", "A contact is not complete");
            return;
        }

        await HoldIfAsync(http, Hold.BeforeTheOrder);
        if (_operations.Count > 0)
        {
            await RefuseAsync(http, "DuplicateRequest", "The request is already in progress for the domain.");
            return;
        }

        var id = $"op-{_operations.Count + 1}";
        _operations.Add(new JsonObject { ["OperationId"] = id, ["DomainName"] = (string?)input["DomainName"], ["Type"] = "REGISTER_DOMAIN", ["Status"] = "IN_PROGRESS" });
        await HoldIfAsync(http, Hold.AfterTheOrder);
        await http.Response.WriteAsJsonAsync(new JsonObject { ["OperationId"] = id });
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

    private static Task RefuseAsync(HttpContext http, string code, string message)
    {
        http.Response.StatusCode = 400;
        return http.Response.WriteAsJsonAsync(new JsonObject { ["__type"] = code, ["message"] = message });
    }
}
