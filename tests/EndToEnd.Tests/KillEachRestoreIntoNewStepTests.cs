namespace Bibind.EndToEnd.Tests;

/// <summary>Kills the host's process before and after every step that makes a backup a new tenant; a host started afterwards must finish by itself.</summary>
public sealed class KillEachRestoreIntoNewStepTests
{
    /// <summary>Before and after each step; and within <c>backup.restore</c>, once the database has its name and the files do not.</summary>
    public static TheoryData<string> Boundaries => [.. Steps.OfRestoringIntoNew.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }), "log:BackupRestored"];

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_restore_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new TenantCopy(source);
        string job;
        await using (var doomed = await KillableHost.StartAsync(source.Installation, boundary))
        {
            job = await copy.OrderAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(source.Installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await copy.AssertWorksAsync(host.Api);
    }
}
