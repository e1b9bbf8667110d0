namespace Bibind.EndToEnd.Tests;

/// <summary>Kills the host's process after every step of an undo, before its answer is stored; a host started afterwards must leave nothing.</summary>
public sealed class KillEachUndoStepTests
{
    private const string FailingStep = "tenants.activate";

    public static TheoryData<string> Boundaries => [.. Steps.OfUndoing.Select(s => $"after:{s}")];

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task An_undo_that_is_killed_finishes_by_itself_and_leaves_nothing(string boundary)
    {
        await using var installation = await Installation.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(installation, boundary, failAt: FailingStep))
        {
            job = await doomed.Api.OrderByWebhookAsync(installation.Code);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(installation, new FailureAt(FailingStep, afterTheEffect: false));

        var end = await host.Api.EndOfAsync(job);
        Assert.Equal("failed", end["state"]!.GetValue<string>());
        await installation.ComesToRestAsync();
        await installation.AssertNothingIsLeftAsync();
    }
}
