namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process before and after every step, and before the first commits of a provisioning; a host started
/// afterwards must finish by itself, with nothing done twice that shows.
/// </summary>
public sealed class KillEachStepTests
{
    private const int Commits = 6;

    public static TheoryData<string> Boundaries =>
        [
            .. Steps.ThatMustSucceed.Concat(Steps.OfTheFirstBackup).SelectMany(s => new[] { $"before:{s}", $"after:{s}" }),
            .. Enumerable.Range(1, Commits).Select(n => $"before-commit:{n}"),
        ];

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
        await installation.ComesToRestAsync();
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
    }
}
