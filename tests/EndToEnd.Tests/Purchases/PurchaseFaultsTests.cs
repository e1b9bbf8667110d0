using System.Net;
using System.Text.Json.Nodes;
using Bibind.Activities.Tests.Dns;
using Bibind.Testing;
using Microsoft.AspNetCore.Http;
using static Bibind.EndToEnd.Tests.Purchases.Shop;

namespace Bibind.EndToEnd.Tests.Purchases;

/// <summary>Purchases that are refused at the door, and registrars that do not answer as they should.</summary>
public sealed class PurchaseFaultsTests
{
    [Fact]
    public async Task What_must_not_be_bought_is_refused_at_the_door()
    {
        await using var shop = await StartAsync("ovh");
        await using var installation = await InstallAsync(shop);
        await using var host = await InProcessHost.StartAsync(installation);

        async Task RefusedAsync(JsonObject command, HttpStatusCode expected, string words)
        {
            var (status, _, body) = await host.Api.TryPostAsync(Door, command);
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

        var (answered, _, problem) = await host.Api.TryPostAsync(Door, Command(shop.Name));

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

        var (status, _, problem) = await host.Api.TryPostAsync(Door, Command(shop.Name));

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
        var job = (await host.Api.TryPostAsync(Door, Command(shop.Name))).Job!;
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

        var (status, _, body) = await host.Api.TryPostAsync(Door, Command("example.com"));

        Assert.Equal(HttpStatusCode.Conflict, status);
        Assert.Contains("Domains__Registrar__Provider", body.ToJsonString(), StringComparison.Ordinal);
    }
}
