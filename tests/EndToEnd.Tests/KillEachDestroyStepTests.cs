namespace Bibind.EndToEnd.Tests;

/// <summary>Kills the host's process after every step of a destroy, before its answer is stored; a host started afterwards must finish by itself.</summary>
public sealed class KillEachDestroyStepTests
{
    public static TheoryData<string> Boundaries => [.. Steps.OfDestroying.Select(s => $"after:{s}")];

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_destroy_that_is_killed_finishes_by_itself_and_leaves_only_the_backups(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        await using (var first = await InProcessHost.StartAsync(installation))
        {
            await first.Api.EndOfAsync(await first.Api.OrderByWebhookAsync(installation.Code));
            await installation.HasFirstBackupAsync();
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
        await installation.ComesToRestAsync();
        Assert.Empty(await installation.DatabasesAsync());
        installation.AssertFileStores();
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%'"));
        Assert.Equal(2, await installation.CountAsync("select count(*) from control.backups"));
        Assert.Equal(2, installation.StoredFiles().Count(f => f.EndsWith(".dump.br.aes", StringComparison.Ordinal)));
        Assert.Equal("terminated", (await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["state"]!.GetValue<string>());
    }
}
