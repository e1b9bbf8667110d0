using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Recovery;
using Bibind.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Bibind.EndToEnd.Tests;

/// <summary>The drill of docs/disaster.md: the control database is lost, and a backup of some time ago takes its place.</summary>
public sealed class LostControlDatabaseTests
{
    private const int Kept = 18;

    [Fact]
    public async Task After_a_restore_nothing_is_lost_or_doubled_and_every_difference_is_listed()
    {
        await using var installation = await Installation.CreateAsync();
        var codes = Enumerable.Range(0, Kept + 4).Select(i => $"{installation.Code}{(char)('a' + i)}").ToList();
        var (kept, destroyed, made) = (codes[..(Kept - 1)], codes[Kept - 1], codes[Kept..(Kept + 2)]);
        var folder = Directory.CreateTempSubdirectory("bibind-disaster-");
        await using var found = await TestDatabase.CreateAsync();
        try
        {
            var file = Path.Combine(folder.FullName, "control.dump");
            await using (var host = await InProcessHost.StartAsync(installation))
            {
                await OrderAsync(host, codes[..Kept]);
                await installation.ComesToRestAsync();
                await Dump(installation.Settings["ControlDatabase"]).BackUpAsync(file, "test", CancellationToken.None);
                await OrderAsync(host, made);
                var end = await host.Api.EndOfAsync(await host.Api.DestroyAsync(destroyed, finalBackup: false));
                Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
                await installation.ComesToRestAsync();
            }

            await Dump(found.ConnectionString).RestoreAsync(file, CancellationToken.None);
            installation.Settings["ControlDatabase"] = found.ConnectionString + ";Maximum Pool Size=20";
            installation.Settings["Timers:Sweep"] = "true";
            await using var next = await InProcessHost.StartAsync(installation);
            var before = await DifferencesAsync(next, installation.Code);
            await OrderAsync(next, [codes[^1]]);
            var after = await DifferencesAsync(next, installation.Code);

            string[] expected = [.. new[] { destroyed }.Concat(made).Order(StringComparer.Ordinal)];
            Assert.True(expected.SequenceEqual(before.Select(d => d.Tenant).Distinct().Order(StringComparer.Ordinal)), string.Join('\n', before));
            Assert.All(before.Where(d => d.Tenant == destroyed), d => Assert.Equal("the tenant is active and has none", d.Words));
            Assert.All(made, code => Assert.Contains(before, d => d.Tenant == code && d.Kind == "database" && d.Words.Contains("not known here", StringComparison.Ordinal)));
            Assert.All(made, code => Assert.Contains(before, d => d.Tenant == code && d.Kind == "file-store"));
            Assert.Equal(before.OrderBy(d => d.ToString(), StringComparer.Ordinal), after.OrderBy(d => d.ToString(), StringComparer.Ordinal));
            foreach (var code in kept)
            {
                Assert.Equal("active", (await next.Api.GetAsync($"/api/tenants/{code}"))["state"]!.GetValue<string>());
            }
        }
        finally
        {
            foreach (var code in codes)
            {
                await installation.DropAsync(code);
            }

            folder.Delete(recursive: true);
        }
    }

    private static ControlDump Dump(string connectionString) => new(connectionString, Options.Create(new BackupOptions()), TimeProvider.System);

    private static async Task OrderAsync(InProcessHost host, IEnumerable<string> codes)
    {
        var jobs = new List<string>();
        foreach (var code in codes)
        {
            jobs.Add(await host.Api.OrderByWebhookAsync(code, record: code[^1]));
        }

        foreach (var job in jobs)
        {
            var end = await host.Api.EndOfAsync(job, seconds: 180);
            Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        }
    }

    private static async Task<List<WorldDifference>> DifferencesAsync(InProcessHost host, string code)
    {
        var differences = new List<WorldDifference>();
        await foreach (var found in host.Services.GetRequiredService<WorldDifferences>().FindAsync(CancellationToken.None))
        {
            differences.Add(found);
        }

        // Other tests make tenants on the same server at the same time.
        return [.. differences.Where(d => d.Tenant.StartsWith(code, StringComparison.Ordinal))];
    }
}
