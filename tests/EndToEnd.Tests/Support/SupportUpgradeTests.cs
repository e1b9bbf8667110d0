using System.Text.Json.Nodes;
using Bibind.EndToEnd.Tests.TenantUpgrades;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Support;

/// <summary>An operator in the application of a tenant that is upgraded meanwhile: neither its rehearsal nor what a way back brings has a usable account.</summary>
public sealed class SupportUpgradeTests
{
    [Fact]
    public async Task An_access_to_a_tenant_that_is_upgraded_ends_in_it_and_in_what_a_roll_back_brings_back()
    {
        await using var world = await SupportWorld.CreateAsync();
        var atStep = new StopsAt("upgrades.neutralise");
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);
        var access = await world.OpenAsync(host.Api);
        var shown = await world.CredentialsAsync(host.Api, access);

        var upgrade = await OrderAsync(world, host.Api, "upgrade", UpgradeWorld.Command());
        await atStep.Reached;
        foreach (var copy in (await world.Installation.DatabasesAsync()).Where(d => d != world.Code))
        {
            Assert.False(await world.CanSignInAsync(copy, shown), copy);
        }

        atStep.Release();
        var upgraded = await host.Api.EndOfAsync(upgrade);
        Assert.True((string?)upgraded["state"] == "succeeded", upgraded.ToString());
        Assert.True(await world.CanSignInAsync(shown));
        await world.RevokeAsync(host.Api, access);
        await host.Api.EndOfAsync(SupportWorld.JobOf(access));
        await world.AssertNothingIsLeftAsync();

        var back = await host.Api.EndOfAsync(await OrderAsync(world, host.Api, "upgrade/rollback", new() { ["reason"] = "It is slower." }));
        Assert.True((string?)back["state"] == "succeeded", back.ToString());
        Assert.False(await world.CanSignInAsync(shown));
        await world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task An_access_that_is_open_when_an_upgrade_is_taken_back_goes_on_and_ends()
    {
        await using var world = await SupportWorld.CreateAsync();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var access = await world.OpenAsync(host.Api);
        var shown = await world.CredentialsAsync(host.Api, access);
        await host.Api.EndOfAsync(await OrderAsync(world, host.Api, "upgrade", UpgradeWorld.Command()));
        var back = await host.Api.EndOfAsync(await OrderAsync(world, host.Api, "upgrade/rollback", new() { ["reason"] = "It is slower." }));
        Assert.True((string?)back["state"] == "succeeded", back.ToString());
        Assert.True(await world.CanSignInAsync(shown));

        await world.RevokeAsync(host.Api, access);
        await host.Api.EndOfAsync(SupportWorld.JobOf(access));

        Assert.False(await world.CanSignInAsync(shown));
        await world.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task An_access_that_ends_during_an_upgrade_is_not_over_before_the_upgrade_is_and_what_it_brought_back_is_clean()
    {
        await using var world = await SupportWorld.CreateAsync();
        world.Installation.SweepOften();
        var atStep = new StopsAt("upgrades.pass");
        await using var host = await InProcessHost.StartAsync(world.Installation, atStep);
        var access = await world.OpenAsync(host.Api);
        var shown = await world.CredentialsAsync(host.Api, access);
        var upgrade = await OrderAsync(world, host.Api, "upgrade", UpgradeWorld.Command());
        await atStep.Reached;

        await world.RevokeAsync(host.Api, access);
        await Eventually.UntilAsync(async () => !await world.CanSignInAsync(shown), SupportWorld.Patience, "the account is locked out at once");
        await world.BecomesAsync(host.Api, access, "ending");

        // The safety backup has the account, and is brought back.
        await host.TerminateAsync(upgrade);
        await world.BecomesAsync(host.Api, access, "ended");
        atStep.Release();

        Assert.Equal("rolled-back", (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}/upgrades"))["items"]![0]!["state"]);
        Assert.False(await world.CanSignInAsync(shown));
        await world.AssertNothingIsLeftAsync();
    }

    private static Task<string> OrderAsync(SupportWorld world, Api api, string what, JsonObject command) => api.PostAsync($"/api/tenants/{world.Code}/{what}", command);
}
