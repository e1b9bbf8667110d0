namespace Bibind.EndToEnd.Tests;

/// <summary>Kills the host's process at each step of filling, taking and draining a pool; a host started afterwards finishes by itself, and nothing is left over.</summary>
public sealed class KillEachPoolStepTests
{
    public static TheoryData<string> FillBoundaries =>
    [
        .. new[] { "pools.plan", "pools.fill" }.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }),
        "log:PoolDatabaseCloned", "log:PoolDatabaseMade", "log:PoolFilesMade", "log:PoolEntryReady",
    ];

    public static TheoryData<string> TakeBoundaries =>
    [
        .. new[] { "tenants.reserve", "filestore.copy", "database.clone", "application.configure", "tenants.activate" }.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }),
        "log:PooledDatabaseTaken", "log:DatabaseCloned", "log:FileStoreCopied", "before-commit:1", "before-commit:2",
    ];

    public static TheoryData<string> DrainBoundaries => ["before:pools.drop", "after:pools.drop", "log:PoolDatabaseDropped"];

    [Theory]
    [MemberData(nameof(FillBoundaries))]
    public async Task A_pool_whose_filling_is_killed_is_filled_once_and_leaves_nothing(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.SeedAsync(installation, size: 2);
        await pool.StartAsync();
        await using (var doomed = KillableHost.Launch(installation, boundary))
        {
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);
        await pool.IsReadyAsync(2);
        await pool.EndsAsync();

        Assert.Equal(2, (await pool.DatabasesAsync()).Count);
        Assert.Equal(2, pool.Stores().Count);
        Assert.Equal(2, await installation.CountAsync("select count(*) from control.pool_entries"));
        await pool.DrainAsync(host);
    }

    [Theory]
    [MemberData(nameof(TakeBoundaries))]
    public async Task An_order_that_is_killed_while_it_takes_a_clone_gets_that_clone(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.FillAsync(installation, size: 1);
        var oid = await pool.OidAsync(Assert.Single(await pool.DatabasesAsync()));
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            job = await doomed.Api.OrderByWebhookAsync(installation.Code);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await installation.ComesToRestAsync();
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        Assert.Equal(oid, await pool.OidAsync(installation.Code));
        Assert.Equal(1, await installation.CountAsync("select hits from control.warm_pools where hits + misses = 1"));
        await pool.DrainAsync(host);
    }

    [Theory]
    [MemberData(nameof(DrainBoundaries))]
    public async Task A_pool_whose_draining_is_killed_is_drained(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.FillAsync(installation, size: 2);
        await pool.SizeAsync(0);
        await pool.StartAsync();
        await using (var doomed = KillableHost.Launch(installation, boundary))
        {
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        await pool.DrainAsync(host);
    }
}
