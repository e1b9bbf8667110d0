using System.Net;

namespace Bibind.EndToEnd.Tests;

/// <summary>Host names of customers' own, at real servers: PowerDNS, Pebble, Caddy.</summary>
public sealed class DomainTests
{
    [Fact]
    public async Task A_domain_waits_for_its_records_then_answers_over_TLS_and_its_removal_leaves_nothing()
    {
        await using var world = await DomainWorld.StartAsync();

        var (job, body) = await world.Api.AddDomainAsync(world.Code, world.Name);
        var waiting = await world.Api.DomainAsync(world.Code, d => d["checkedAt"] is not null);

        Assert.Equal("waiting_for_dns", waiting["state"]!.GetValue<string>());
        Assert.Contains("There is no TXT record at _bibind.", waiting["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("has no address", waiting["reason"]!.GetValue<string>(), StringComparison.Ordinal);

        await world.FollowAsync(body["instructions"]!);
        Assert.Equal(job, await world.Api.ValidateDomainAsync(world.Code, world.Name));
        var added = await world.Api.EndOfAsync(job, seconds: 120);

        Assert.True(added["state"]!.GetValue<string>() == "succeeded", added.ToString());

        // The application finds the tenant's database by the platform's name.
        Assert.Equal((HttpStatusCode.OK, world.Servers.AnswerOf(world.Code)), await world.Servers.GetAtAsync(world.Name));
        Assert.Equal($"https://{world.Name}", await world.AddressInApplicationAsync());
        Assert.Equal($"https://{world.Name}", (await world.Api.GetAsync($"/api/tenants/{world.Code}"))["baseUrl"]!.GetValue<string>());
        Assert.Equal("active", (await world.Api.DomainAsync(world.Code, _ => true))["state"]!.GetValue<string>());

        var removed = await world.Api.EndOfAsync(await world.Api.RemoveDomainAsync(world.Code, world.Name));

        Assert.True(removed["state"]!.GetValue<string>() == "succeeded", removed.ToString());
        Assert.Empty((await world.Api.GetAsync($"/api/tenants/{world.Code}/domains"))["items"]!.AsArray());
        await world.AssertNameIsGoneAsync();
    }

    [Fact]
    public async Task A_tenant_that_only_waits_loses_the_name_to_who_proves_it_and_is_told()
    {
        const string Rival = "rival";
        await using var world = await DomainWorld.StartAsync();
        var ordered = await world.Api.EndOfAsync(await world.Api.OrderByWebhookAsync(Rival, record: 2), seconds: 120);
        Assert.True(ordered["state"]!.GetValue<string>() == "succeeded", ordered.ToString());
        var (waiting, _) = await world.Api.AddDomainAsync(Rival, world.Name);
        await world.Api.DomainAsync(Rival, d => d["checkedAt"] is not null);

        var added = await world.AddAsync();
        await world.Api.ValidateDomainAsync(Rival, world.Name);
        var lost = await world.Api.EndOfAsync(waiting, seconds: 60);

        Assert.True(added["state"]!.GetValue<string>() == "succeeded", added.ToString());
        Assert.Equal("failed", lost["state"]!.GetValue<string>());
        Assert.Contains("Another tenant has proved the domain", lost["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, world.Servers.AnswerOf(world.Code)), await world.Servers.GetAtAsync(world.Name));
    }

    [Fact]
    public async Task The_removal_of_a_tenant_takes_its_domain_with_it_and_proves_it()
    {
        await using var world = await DomainWorld.StartAsync();
        var added = await world.AddAsync();
        Assert.True(added["state"]!.GetValue<string>() == "succeeded", added.ToString());

        var end = await world.Api.EndOfAsync(await world.Api.DestroyAsync(world.Code, finalBackup: false), seconds: 120);

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        var items = end["inventory"]!["items"]!.AsArray();
        Assert.Equal(["certificate", "route"], items.Where(i => i!["name"]!.GetValue<string>() == world.Name).Select(i => i!["kind"]!.GetValue<string>()));
        Assert.All(items, item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        Assert.False(await world.Servers.IsKnownToProxyAsync(world.Name));
        await world.Servers.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_domain_that_is_removed_while_it_waits_ends_its_job_as_cancelled()
    {
        await using var world = await DomainWorld.StartAsync();
        var (job, _) = await world.Api.AddDomainAsync(world.Code, world.Name);
        await world.Api.DomainAsync(world.Code, d => d["checkedAt"] is not null);

        var removed = await world.Api.EndOfAsync(await world.Api.RemoveDomainAsync(world.Code, world.Name));
        var added = await world.Api.EndOfAsync(job);

        Assert.True(removed["state"]!.GetValue<string>() == "succeeded", removed.ToString());
        Assert.Equal("cancelled", added["state"]!.GetValue<string>());
        await world.AssertNameIsGoneAsync();
    }

    [Fact]
    public async Task A_domain_whose_records_do_not_come_in_time_fails_in_words()
    {
        await using var world = await DomainWorld.StartAsync(configure: settings => settings["Domains:WaitLimit"] = "00:00:02");

        var (job, _) = await world.Api.AddDomainAsync(world.Code, world.Name);
        var end = await world.Api.EndOfAsync(job);

        Assert.Equal("failed", end["state"]!.GetValue<string>());
        Assert.Contains("There is no TXT record", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Equal("failed", (await world.Api.DomainAsync(world.Code, _ => true))["state"]!.GetValue<string>());
        await world.AssertNameIsGoneAsync();
    }

    [Theory]
    [InlineData("certificates.issue")]
    [InlineData("routing.publish")]
    [InlineData("application.set_address")]
    [InlineData("domains.activate")]
    public async Task A_step_that_fails_for_good_leaves_the_tenant_as_it_was(string step)
    {
        var failure = new FailureAt(step, afterTheEffect: true) { IsOn = false };
        await using var world = await DomainWorld.StartAsync(failure);
        failure.IsOn = true;

        await world.Api.FailureOfAsync(await world.BeginAddingAsync());

        Assert.Equal("failed", (await world.Api.DomainAsync(world.Code, _ => true))["state"]!.GetValue<string>());
        await world.AssertNameIsGoneAsync();
    }
}
