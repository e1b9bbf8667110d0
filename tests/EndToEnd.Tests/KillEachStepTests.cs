namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process before and after every step, and around every commit of a provisioning; a host started
/// afterwards must finish by itself, with nothing done twice that shows.
/// </summary>
public sealed class KillEachStepTests
{
    private const int Commits = 12;

    public static TheoryData<string> Boundaries =>
        [
            .. Steps.ThatMustSucceed.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }),
            .. Enumerable.Range(1, Commits).SelectMany(n => new[] { $"before-commit:{n}", $"after-commit:{n}" }),
        ];

    public static TheoryData<string> DestroyBoundaries =>
        [.. Steps.OfDestroying.SelectMany(s => new[] { $"before:{s}", $"after:{s}" })];

    public static TheoryData<string> UndoBoundaries =>
        [.. Steps.OfUndoing.SelectMany(s => new[] { $"before:{s}", $"after:{s}" })];

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_provisioning_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            job = await doomed.Api.OrderByWebhookAsync(installation.Code);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
    }

    [Theory]
    [MemberData(nameof(DestroyBoundaries))]
    public async Task A_destroy_that_is_killed_finishes_by_itself_and_leaves_only_the_backups(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        await using (var first = await InProcessHost.StartAsync(installation))
        {
            await first.Api.EndOfAsync(await first.Api.OrderByWebhookAsync(installation.Code));
        }

        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            job = await doomed.Api.DestroyAsync(installation.Code, finalBackup: true);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.Empty(await installation.DatabasesAsync());
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%'"));
        Assert.Equal(2, await installation.CountAsync("select count(*) from control.backups"));
        Assert.Equal(2, installation.StoredFiles().Count(f => f.EndsWith(".dump", StringComparison.Ordinal)));
        Assert.Equal("terminated", (await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["state"]!.GetValue<string>());
    }

    [Theory]
    [MemberData(nameof(UndoBoundaries))]
    public async Task An_undo_that_is_killed_finishes_by_itself_and_leaves_nothing(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        // Nothing can be stored in so small a store, so the first backup fails and everything is undone.
        installation.Settings["Storage:Local:CapacityBytes"] = "1000";
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary))
        {
            job = await doomed.Api.OrderByWebhookAsync(installation.Code);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", end["state"]!.GetValue<string>());
        Assert.Contains("full", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        await installation.AssertNothingIsLeftAsync();
    }
}
