using System.Net;
using System.Text.Json.Nodes;
using Bibind.Activities.Tests.Dns;
using Bibind.Testing;
using Microsoft.AspNetCore.Http;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>Domains bought at registrars, which are stubs that check signatures: the real ones take money.</summary>
public sealed class PurchaseTests
{
    private const string Purchases = "/api/domains/purchases";

    public static TheoryData<string> Registrars() => ["ovh", "route53"];

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_domain_is_offered_bought_once_and_registered(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);

        var offer = await host.Api.GetAsync($"/api/domains/availability?name={shop.Name}");
        Assert.True(offer["available"]!.GetValue<bool>());
        Assert.Equal((registrar, 9.99m, "EUR", "P1Y"), (Text(offer, "provider"), offer["price"]!["amount"]!.GetValue<decimal>(), Text(offer["price"]!, "currency"), Text(offer, "period")));

        var (status, job, _) = await host.Api.TryPostAsync(Purchases, Command(shop.Name), key: "buy-1");
        Assert.Equal(HttpStatusCode.Accepted, status);
        var end = await host.Api.EndOfAsync(job!);

        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(9.99m, end["result"]!["price"]!["amount"]!.GetValue<decimal>());
        Assert.NotNull((string?)end["result"]!["reference"]);
        Assert.Equal(1, shop.Orders);

        // The name is taken by now, and the same request gets its first answer all the same.
        var again = await host.Api.TryPostAsync(Purchases, Command(shop.Name), key: "buy-1");
        Assert.Equal((HttpStatusCode.Accepted, job), (again.Status, again.Job));
        Assert.Equal(HttpStatusCode.Conflict, (await host.Api.TryPostAsync(Purchases, Command(shop.Name))).Status);
        Assert.False((await host.Api.GetAsync($"/api/domains/availability?name={shop.Name}"))["available"]!.GetValue<bool>());
        Assert.Equal(1, shop.Orders);
    }

    [Theory]
    [InlineData("ovh", Hold.BeforeTheOrder)]
    [InlineData("ovh", Hold.AfterTheOrder)]
    [InlineData("route53", Hold.BeforeTheOrder)]
    [InlineData("route53", Hold.AfterTheOrder)]
    public async Task A_host_that_dies_around_the_order_leaves_exactly_one(string registrar, Hold hold)
    {
        await using var shop = await StartAsync(registrar);
        shop.HoldAt = hold;
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, "nowhere"))
        {
            job = (await doomed.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!;
            await shop.Held.WaitAsync(TimeSpan.FromSeconds(30));
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(1, shop.Orders);
    }

    [Theory]
    [InlineData("ovh", "domain_purchases.order")]
    [InlineData("ovh", "domain_purchases.look")]
    [InlineData("ovh", "domain_purchases.end")]
    [InlineData("route53", "domain_purchases.order")]
    public async Task A_step_whose_answer_is_lost_is_not_paid_twice(string registrar, string step)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, $"after:{step}"))
        {
            job = (await doomed.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!;
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(1, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_price_that_rises_after_the_order_was_taken_is_not_paid(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, "before:domain_purchases.order"))
        {
            job = (await doomed.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!;
            await doomed.DiesAsync();
        }

        shop.Price = 10.01m;
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", Text(end, "state"));
        Assert.Contains("the price is 10.01 EUR, which is above the limit of 10.00 EUR", Text(end, "reason"), StringComparison.Ordinal);
        Assert.Equal(0, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task An_order_that_the_registrar_gives_up_fails_in_words(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        shop.Delivers = false;
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);
        var job = (await host.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!;
        await Eventually.UntilAsync(() => Task.FromResult(shop.Orders == 1), TimeSpan.FromSeconds(30), "the order is placed");

        // While it is under way nobody can order it once more.
        var (status, _, body) = await host.Api.TryPostAsync(Purchases, Command(shop.Name));
        Assert.Equal((HttpStatusCode.Conflict, true), (status, Text(body, "type").EndsWith("purchase-under-way", StringComparison.Ordinal)));
        shop.GivesUp = true;

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", Text(end, "state"));
        Assert.Contains("gave the order", Text(end, "reason"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_order_that_is_not_finished_in_time_fails_and_says_that_it_stands()
    {
        await using var shop = await StartAsync("ovh");
        shop.Delivers = false;
        await using var installation = await InstallAsync(shop);
        installation.Settings["Domains:Registrar:WaitLimit"] = "00:00:01";
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync((await host.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!);

        Assert.Equal("failed", Text(end, "state"));
        Assert.Contains("is not paid", Text(end, "reason"), StringComparison.Ordinal);
        Assert.Contains("The order stands at the registrar", Text(end, "reason"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_must_not_be_bought_is_refused_at_the_door()
    {
        await using var shop = await StartAsync("ovh");
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);

        async Task RefusedAsync(JsonObject command, HttpStatusCode expected, string words)
        {
            var (status, _, body) = await host.Api.TryPostAsync(Purchases, command);
            Assert.True(status == expected, body.ToString());
            Assert.Contains(words, body.ToJsonString(), StringComparison.Ordinal);
        }

        await RefusedAsync(Command(shop.Name, confirm: "yes"), HttpStatusCode.UnprocessableEntity, "must repeat the name");
        await RefusedAsync(Command(shop.Name, amount: 0), HttpStatusCode.UnprocessableEntity, "maxPrice.amount");
        await RefusedAsync(Command(shop.Name, currency: "euro"), HttpStatusCode.UnprocessableEntity, "maxPrice.currency");
        await RefusedAsync(Command("not a name"), HttpStatusCode.UnprocessableEntity, "must be a host name");
        await RefusedAsync(Command(shop.Name, amount: 9.98m), HttpStatusCode.Conflict, "above the limit");
        await RefusedAsync(Command(shop.Name, currency: "USD"), HttpStatusCode.Conflict, "the limit is in USD");
        await RefusedAsync(Command("taken.example"), HttpStatusCode.Conflict, "domain-unavailable");
        await RefusedAsync(Command(shop.Name, tenant: "nobody"), HttpStatusCode.NotFound, "There is no tenant");
        Assert.Equal((0, 0L), (shop.Orders, await installation.CountAsync("select count(*) from control.jobs")));
    }

    [Theory]
    [InlineData("ovh", 500, "<html>Sorry</html>")]
    [InlineData("ovh", 200, "<html>Sorry</html>")]
    [InlineData("ovh", 200, "{}")]
    [InlineData("ovh", 429, "{}")]
    [InlineData("route53", 500, "<html>Sorry</html>")]
    [InlineData("route53", 200, "[]")]
    [InlineData("route53", 200, "{}")]
    [InlineData("route53", 400, """{"__type": "ThrottlingException", "message": "Rate exceeded"}""")]
    public async Task A_registrar_that_answers_nonsense_or_not_at_all_is_unavailable_for_the_moment(string registrar, int status, string body)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        installation.Settings["Dns:Patience"] = "00:00:00";
        await using var host = await InProcessHost.StartAsync(installation);
        shop.Fault = async http =>
        {
            http.Response.StatusCode = status;
            await http.Response.WriteAsync(body);
            return true;
        };

        var (answered, _, problem) = await host.Api.TryPostAsync(Purchases, Command(shop.Name));

        Assert.True(answered == HttpStatusCode.ServiceUnavailable, problem.ToString());
        Assert.EndsWith("registrar-unavailable", Text(problem, "type"), StringComparison.Ordinal);
        Assert.Equal((0, 0L), (shop.Orders, await installation.CountAsync("select count(*) from control.jobs")));
    }

    [Theory]
    [InlineData("ovh", "Dns:Ovh:ApplicationSecret")]
    [InlineData("route53", "Dns:Route53:SecretAccessKey")]
    public async Task Wrong_keys_are_said_and_not_told(string registrar, string setting)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        installation.Settings[setting] = "wrong-secret-value";
        await using var host = await InProcessHost.StartAsync(installation);

        var (status, _, problem) = await host.Api.TryPostAsync(Purchases, Command(shop.Name));

        Assert.True(status == HttpStatusCode.Conflict, problem.ToString());
        Assert.Contains(setting.Replace(":", "__", StringComparison.Ordinal), problem.ToJsonString(), StringComparison.Ordinal);
        Assert.DoesNotContain("wrong-secret-value", problem.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_registrar_that_is_away_after_the_order_fails_nothing()
    {
        await using var shop = await StartAsync("ovh");
        shop.Delivers = false;
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);
        var job = (await host.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!;
        await Eventually.UntilAsync(() => Task.FromResult(shop.Orders == 1), TimeSpan.FromSeconds(30), "the order is placed");
        var refusals = 0;

        // Keys that were withdrawn end the look for good, and the next one comes all the same.
        shop.Fault = async http =>
        {
            refusals++;
            await OvhApiStub.RefuseAsync(http, 403, "NOT_CREDENTIAL", "This credential does not exist");
            return true;
        };
        await Eventually.UntilAsync(() => Task.FromResult(refusals > 1), TimeSpan.FromSeconds(30), "it was looked at in vain");
        shop.Delivers = true;
        shop.Fault = null;

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Equal(1, shop.Orders);
    }

    [Fact]
    public async Task Without_a_registrar_nothing_is_sold_and_the_setting_is_named()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation);

        var (status, _, body) = await host.Api.TryPostAsync(Purchases, Command("example.com"));

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("Domains__Registrar__Provider", body.ToJsonString(), StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_domain_that_is_in_the_account_by_then_is_not_bought(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var installation = await InstallAsync(shop);
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, "before:domain_purchases.order"))
        {
            job = (await doomed.Api.TryPostAsync(Purchases, Command(shop.Name))).Job!;
            await doomed.DiesAsync();
        }

        shop.Own();
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(Text(end, "state") == "succeeded", end.ToString());
        Assert.Null(end["result"]!["price"]);
        Assert.Equal(0, shop.Orders);
    }

    [Theory]
    [MemberData(nameof(Registrars))]
    public async Task A_domain_bought_for_a_tenant_answers_over_TLS_without_anybody_setting_a_record(string registrar)
    {
        await using var shop = await StartAsync(registrar);
        await using var world = await DomainWorld.StartAsync(configure: settings =>
        {
            foreach (var (key, value) in shop.Settings)
            {
                settings[key] = value;
            }
        });

        var (status, job, body) = await world.Api.TryPostAsync(Purchases, Command(shop.Name, tenant: world.Code));
        Assert.True(status == HttpStatusCode.Accepted, body.ToString());
        var bought = await world.Api.EndOfAsync(job!);
        Assert.True(Text(bought, "state") == "succeeded", bought.ToString());
        Assert.Empty(bought["result"]!["notes"]!.AsArray());
        var added = await world.Api.EndOfAsync($"/api/jobs/{Text(bought["result"]!, "addDomainJob")}", seconds: 120);

        Assert.True(Text(added, "state") == "succeeded", added.ToString());
        Assert.Equal(HttpStatusCode.OK, (await world.Servers.GetAtAsync(shop.Name)).Status);
        Assert.Equal($"https://{shop.Name}", await world.AddressInApplicationAsync());
    }

    private static async Task<IRegistrarStub> StartAsync(string registrar) =>
        registrar == "ovh" ? await OvhShopStub.StartAsync() : await Route53ShopStub.StartAsync();

    private static async Task<Installation> InstallAsync(IRegistrarStub shop)
    {
        var installation = await Installation.CreateAsync();
        foreach (var (key, value) in shop.Settings)
        {
            installation.Settings[key] = value;
        }

        return installation;
    }

    private static JsonObject Command(string name, string? confirm = null, decimal amount = 10.00m, string currency = "EUR", string? tenant = null)
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

    private static string Text(JsonNode node, string member) => (string?)node[member] ?? string.Empty;
}
