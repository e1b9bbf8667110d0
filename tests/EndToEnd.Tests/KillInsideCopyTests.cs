using Bibind.Local;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process in the middle of copying a template's files, when some have been linked, some copied and some not touched;
/// a host started afterwards must finish by itself.
/// </summary>
public sealed class KillInsideCopyTests
{
    private const string Note = "note.txt";

    [Fact]
    public async Task A_tenant_whose_files_were_half_copied_gets_all_of_them_and_goes_without_a_trace()
    {
        await using var installation = await Installation.CreateAsync();
        var (job, notes) = await KillAsync(installation);

        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await installation.ComesToRestAsync();
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        Assert.All(notes, note => Assert.Equal(note, File.ReadAllText(Path.Combine(installation.Files, installation.Code, note))));
        var removed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));
        Assert.True(removed["state"]!.GetValue<string>() == "succeeded", removed.ToString());
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task An_order_whose_files_were_half_copied_and_that_fails_leaves_none_of_them()
    {
        await using var installation = await Installation.CreateAsync();
        var (job, _) = await KillAsync(installation);

        await using var host = await InProcessHost.StartAsync(installation, new FailureAt("filestore.copy", afterTheEffect: false));

        Assert.Equal("failed", (await host.Api.EndOfAsync(job))["state"]!.GetValue<string>());
        await installation.AssertNothingIsLeftAsync();
    }

    /// <summary>Answers the job and the names of the files that are not named by their content, and therefore copied.</summary>
    private static async Task<(string Job, IReadOnlyList<string> Notes)> KillAsync(Installation installation)
    {
        var template = Path.Combine(installation.Files, OdooTemplateFixture.Database);
        var folders = OdooFiles.All.Select(f => Path.GetDirectoryName(f.StoreName)!).Distinct().ToList();
        var notes = folders.Select(f => $"{f}/{Note}").ToList();
        notes.ForEach(note => File.WriteAllText(Path.Combine(template, note), note));

        // In the order in which the file system lists them, which is the order in which they are copied.
        var middle = Directory.EnumerateDirectories(template).ElementAt(folders.Count / 2);
        using var held = new HeldFile(Path.Combine(middle, Note));
        await using var doomed = await KillableHost.StartAsync(installation);
        var job = await doomed.Api.OrderByWebhookAsync(installation.Code);
        await held.IsAwaitedAsync();
        await doomed.KillAsync();

        var begun = Assert.Single(Directory.EnumerateDirectories(installation.Files), d => Path.GetFileName(d).StartsWith(".bibind-new-", StringComparison.Ordinal));
        bool IsThere(string name) => File.Exists(Path.Combine(begun, name));
        Assert.Contains(OdooFiles.All, f => IsThere(f.StoreName));
        Assert.Contains(OdooFiles.All, f => !IsThere(f.StoreName));
        Assert.Contains(notes, IsThere);
        Assert.Contains(notes, n => !IsThere(n));
        return (job, notes);
    }
}
