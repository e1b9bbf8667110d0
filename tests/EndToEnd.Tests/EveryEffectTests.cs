using System.Net;
using Bibind.Local.RealServers;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// A tenant with every effect at a real server: PowerDNS, Pebble, Ceph's S3, Caddy, PostgreSQL; only Odoo is an
/// application stand-in.
/// </summary>
public sealed class EveryEffectTests
{
    [Fact]
    public async Task A_tenant_answers_over_TLS_at_its_own_name_and_its_removal_leaves_nothing_on_any_server()
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var code = world.Installation.Code;

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(code), seconds: 120);

        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        Assert.Equal((HttpStatusCode.OK, world.AnswerOf(code)), await world.GetAsync(code));
        Assert.Equal(HttpStatusCode.NotFound, await world.AskPlainAsync($"nobody.{world.Zone}"));
        Assert.Contains(world.HostOf(code), await world.Dns.ReadZoneAsync(world.Zone), StringComparison.Ordinal);
        Assert.Contains(await world.BucketsAsync(), b => b.Contains(code, StringComparison.Ordinal));

        var end = await host.Api.EndOfAsync(await host.Api.DestroyAsync(code, finalBackup: false), seconds: 120);

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.All(end["inventory"]!["items"]!.AsArray(), item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        await world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Tenants_ordered_at_once_do_not_disturb_each_other_at_zone_proxy_or_store()
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var codes = Enumerable.Range(1, 4).Select(i => $"{world.Installation.Code}n{i}").ToArray();
        try
        {
            var jobs = await Task.WhenAll(codes.Select((code, i) => host.Api.OrderByWebhookAsync(code, record: i + 1)));
            var ends = await Task.WhenAll(jobs.Select(job => host.Api.EndOfAsync(job, seconds: 180)));

            Assert.All(ends, end => Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString()));
            foreach (var code in codes)
            {
                Assert.Equal((HttpStatusCode.OK, world.AnswerOf(code)), await world.GetAsync(code));
            }

            var removals = await Task.WhenAll(codes.Select(code => host.Api.DestroyAsync(code, finalBackup: false)));
            var removed = await Task.WhenAll(removals.Select(job => host.Api.EndOfAsync(job, seconds: 180)));

            Assert.All(removed, end => Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString()));
            await world.AssertNothingIsLeftAsync();
        }
        finally
        {
            foreach (var code in codes)
            {
                await world.Installation.DropAsync(code);
            }
        }
    }

    [Fact]
    public async Task A_certificate_that_is_refused_fails_the_order_in_words_and_leaves_nothing_on_any_server()
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using var blocked = await PebbleServer.StartAsync(new PebbleOptions { Dns = world.Dns.Dns, BlockedNames = [world.Zone] });
        world.UseAuthority(blocked);
        await using var host = await InProcessHost.StartAsync(world.Installation);

        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Installation.Code), seconds: 120);

        Assert.True(job["state"]!.GetValue<string>() == "failed", job.ToString());
        Assert.Contains(world.HostOf(world.Installation.Code), job["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.All(job["inventory"]!["items"]!.AsArray(), item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        await world.AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData("storage.create_bucket", false)]
    [InlineData("storage.create_bucket", true)]
    [InlineData("tenants.activate", false)]
    [InlineData("tenants.activate", true)]
    public async Task A_step_that_fails_for_good_leaves_nothing_on_any_server(string step, bool afterTheEffect)
    {
        await using var world = await EveryEffectWorld.StartAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation, new FailureAt(step, afterTheEffect));

        var job = await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(world.Installation.Code));

        var items = job["inventory"]!["items"]!.AsArray();
        Assert.Contains(items, item => item!["kind"]!.GetValue<string>() == "storage-user");
        Assert.All(items, item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        await world.AssertNothingIsLeftAsync();
    }
}
