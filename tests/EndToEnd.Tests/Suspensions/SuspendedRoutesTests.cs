using System.Diagnostics;
using System.Net;
using System.Text.Json.Nodes;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Suspensions;

/// <summary>What visitors of a suspended tenant get at a real proxy, at the platform's name and at the customer's own.</summary>
public sealed class SuspendedRoutesTests
{
    private const int Rounds = 5;

    [Fact]
    public async Task Every_name_shows_the_page_also_one_that_comes_later_and_after_the_proxy_forgot_everything()
    {
        await using var world = await DomainWorld.StartAsync();
        await OrderAsync(world, "suspend", new() { ["cause"] = "payment", ["reason"] = "invoice 1" });
        await AssertShownAsync(world, HttpStatusCode.PaymentRequired, world.Servers.HostOf(world.Code));

        var added = await world.AddAsync();
        Assert.True((string?)added["state"] == "succeeded", added.ToString());
        string[] names = [world.Servers.HostOf(world.Code), world.Name];
        await AssertShownAsync(world, HttpStatusCode.PaymentRequired, names);

        await world.Servers.ForgetRoutesAsync();
        await Eventually.UntilAsync(
            async () => await world.Servers.IsKnownToProxyAsync(names[0]) && await world.Servers.IsKnownToProxyAsync(names[1]),
            TimeSpan.FromSeconds(60), "the watch gives both routes back");
        await AssertShownAsync(world, HttpStatusCode.PaymentRequired, names);

        await OrderAsync(world, "resume", new() { ["reason"] = "paid" });
        Assert.Equal((HttpStatusCode.OK, world.Servers.AnswerOf(world.Code)), await world.Servers.GetAtAsync(world.Name));
        Assert.Equal($"https://{world.Name}", await world.AddressInApplicationAsync());
        await MeasureAsync(world);
    }

    private static async Task MeasureAsync(DomainWorld world)
    {
        var shown = new List<long>();
        for (var round = 0; round < Rounds; round++)
        {
            var watch = Stopwatch.StartNew();
            var (_, job, body) = await world.Api.TryPostAsync($"/api/tenants/{world.Code}/suspend", new() { ["cause"] = "operator", ["reason"] = "measured" });
            Assert.True(job is not null, body.ToString());
            await Eventually.UntilAsync(
                async () => (await world.Servers.GetAsync(world.Code)).Status == HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(30), "the page is shown");
            shown.Add(watch.ElapsedMilliseconds);
            Assert.Equal("succeeded", (string?)(await world.Api.EndOfAsync(job))["state"]);
            await OrderAsync(world, "resume", []);
        }

        TestContext.Current.SendDiagnosticMessage($"from the order to the page: p50 {shown.Order().ElementAt(Rounds / 2)} ms of {string.Join(", ", shown)}");
    }

    private static async Task OrderAsync(DomainWorld world, string what, JsonObject command)
    {
        var (_, job, body) = await world.Api.TryPostAsync($"/api/tenants/{world.Code}/{what}", command);
        Assert.True(job is not null, body.ToString());
        var end = await world.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
    }

    private static async Task AssertShownAsync(DomainWorld world, HttpStatusCode status, params string[] names)
    {
        foreach (var name in names)
        {
            var (shown, page) = await world.Servers.GetAtAsync(name);
            Assert.Equal((name, status), (name, shown));
            Assert.Contains("a bill has not been paid", page, StringComparison.Ordinal);
        }
    }
}
