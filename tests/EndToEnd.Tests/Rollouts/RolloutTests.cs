using System.Text.Json.Nodes;

namespace Bibind.EndToEnd.Tests.Rollouts;

/// <summary>A release reaches real tenants in waves; a wave that fails halts it.</summary>
public sealed class RolloutTests
{
    [Fact]
    public async Task A_canary_that_fails_halts_it_and_one_that_succeeds_lets_all_have_the_release()
    {
        await using var world = await RolloutWorld.CreateAsync(3);
        await using var host = await InProcessHost.StartAsync(world.Installation);

        // What the statements need is missing in the canary alone.
        await using (var database = world.Installation.OpenTenant(world.Codes[1]))
        await using (var command = database.CreateCommand("alter table public.res_partner add column upgraded text"))
        {
            await command.ExecuteNonQueryAsync();
        }

        var failing = await RolloutWorld.StartAsync(host.Api, new JsonObject { ["canaries"] = new JsonArray(world.Codes[1]) });
        var halted = await RolloutWorld.StateAsync(host.Api, failing, "halted");
        Assert.Contains(world.Codes[1], (string?)halted["summary"]!["stateReason"], StringComparison.Ordinal);
        Assert.Equal([world.Codes[1]], await RolloutWorld.TenantsAsync(host.Api, failing, "failed"));
        await using (var database = world.Installation.OpenTenant(world.Codes[1]))
        await using (var command = database.CreateCommand("alter table public.res_partner drop column upgraded"))
        {
            await command.ExecuteNonQueryAsync();
        }

        await RolloutWorld.SteerAsync(host.Api, $"{failing}/tenants/{world.Codes[1]}/retry");
        await RolloutWorld.SteerAsync(host.Api, $"{failing}/tenants/{world.Codes[2]}/skip");
        await RolloutWorld.SteerAsync(host.Api, $"{failing}/resume");

        await RolloutWorld.StateAsync(host.Api, failing, "completed");
        Assert.Equal([world.Codes[0], world.Codes[1]], await RolloutWorld.TenantsAsync(host.Api, failing, "succeeded"));
        await world.AssertReleasedAsync(host.Api, [world.Codes[0], world.Codes[1]]);

        // Whoever has the release is passed over by the next rollout of it.
        var rest = await RolloutWorld.StartAsync(host.Api);
        await RolloutWorld.StateAsync(host.Api, rest, "completed");
        Assert.Equal([world.Codes[2]], await RolloutWorld.TenantsAsync(host.Api, rest, "succeeded"));
        await world.AssertReleasedAsync(host.Api, world.Codes);
    }

    [Fact]
    public async Task A_tenant_is_taken_back_in_the_rollout()
    {
        await using var world = await RolloutWorld.CreateAsync(2);
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var rollout = await RolloutWorld.StartAsync(host.Api, new JsonObject { ["canaries"] = new JsonArray(world.Codes[0]) });
        await RolloutWorld.SteerAsync(host.Api, $"{rollout}/tenants/{world.Codes[1]}/hold");
        await Testing.Eventually.UntilAsync(
            async () => (await RolloutWorld.TenantsAsync(host.Api, rollout, "succeeded")).Count == 1, TimeSpan.FromSeconds(60), "the canary has the release");

        await RolloutWorld.SteerAsync(host.Api, $"{rollout}/tenants/{world.Codes[0]}/rollback");
        await Testing.Eventually.UntilAsync(
            async () => (await RolloutWorld.TenantsAsync(host.Api, rollout, "rolled_back")).Count == 1, TimeSpan.FromSeconds(60), "it is what it was");
        await RolloutWorld.SteerAsync(host.Api, $"{rollout}/tenants/{world.Codes[1]}/skip");

        await RolloutWorld.StateAsync(host.Api, rollout, "completed");
        await using var database = world.Installation.OpenTenant(world.Codes[0]);
        Assert.Equal(0, await TenantAssertions.ScalarAsync<long>(database, "select count(*) from pg_attribute where attrelid = 'public.res_partner'::regclass and attname like 'upgraded%' and not attisdropped"));
    }
}
