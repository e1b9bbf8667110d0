using Bibind.Activities.Backup.Archives;
using Bibind.Activities.Recovery;
using Bibind.ControlPlane.Registration;
using Bibind.ControlPlane.Servers;
using Bibind.Functions.Commands;
using Bibind.Testing;
using Microsoft.DurableTask.Client;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;
using Npgsql;

namespace Bibind.EndToEnd.Tests.Upgrades;

/// <summary>The control database of an earlier version, with orchestrations under way, is upgraded to this one: every job ends as it should.</summary>
public sealed class UpgradeTests
{
    /// <summary>The versions that were recorded.</summary>
    public static TheoryData<string> Versions =>
        [.. Directory.EnumerateFiles(InFlight.Folder, "*.dump").Select(f => Path.GetFileNameWithoutExtension(f)).Order(StringComparer.Ordinal)];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task What_was_under_way_ends_right_at_this_version(string version)
    {
        await using var installation = await Installation.CreateAsync();
        await using var upgraded = await TestDatabase.CreateAsync();
        installation.Settings["ControlDatabase"] = upgraded.ConnectionString + ";Maximum Pool Size=20";
        await using var control = NpgsqlDataSource.Create(upgraded.ConnectionString);
        try
        {
            await new ControlDump(upgraded.ConnectionString, Options.Create(new BackupOptions()), TimeProvider.System)
                .RestoreAsync(Path.Combine(InFlight.Folder, $"{version}.dump"), CancellationToken.None);
            var plan = await MigrateAsync(installation, "plan");
            await MigrateAsync(installation, "apply", "--without-backup");
            var after = await MigrateAsync(installation, "plan");
            await FollowServerAsync(installation, control);
            await using var host = await InProcessHost.StartAsync(installation);

            var ends = new Dictionary<string, string>();
            var suspended = Assert.Single(await JobsAsync(host, InFlight.Suspended));
            Assert.Equal(OrchestrationRuntimeStatus.Suspended, (await host.Tasks.GetInstanceAsync(suspended))!.RuntimeStatus);
            await host.Tasks.ResumeInstanceAsync(suspended);
            foreach (var code in InFlight.Made.Append(InFlight.Removed))
            {
                foreach (var job in await JobsAsync(host, code))
                {
                    ends[job] = (await host.Api.EndOfAsync($"/api/jobs/{job}", seconds: 120)).ToString();
                }
            }

            Assert.All(ends, end => Assert.True(end.Value.Contains("\"state\": \"succeeded\"", StringComparison.Ordinal), end.Value));
            Assert.Equal(InFlight.Made.Count, ends.Keys.Count(id => id.StartsWith("provision-", StringComparison.Ordinal) && !id.Contains(InFlight.Removed, StringComparison.Ordinal)));
            foreach (var code in InFlight.Made)
            {
                Assert.Equal("active", (string?)(await host.Api.GetAsync($"/api/tenants/{code}"))["state"]);
                var gone = await host.Api.EndOfAsync(await host.Api.DestroyAsync(code, finalBackup: false), seconds: 120);
                Assert.True((string?)gone["state"] == "succeeded", gone.ToString());
            }

            await NothingIsUnderWayAsync(control);
            Assert.Contains("hosts of the version before work on beside it", plan, StringComparison.Ordinal);
            Assert.StartsWith("Nothing is missing.", after, StringComparison.Ordinal);
            Assert.Empty(installation.StoredFiles());
            installation.AssertFileStores();
            Assert.Equal(0, await CountAsync(control, "select count(*) from control.secrets where name like 'tenants/%'"));
            foreach (var code in InFlight.Made)
            {
                Assert.Empty(await installation.DatabasesAsync(code));
            }
        }
        finally
        {
            foreach (var code in InFlight.Made)
            {
                await installation.DropAsync(code);
            }
        }
    }

    private static async Task<string> MigrateAsync(Installation installation, params string[] arguments)
    {
        await using var said = new StringWriter();
        var exit = await HostCommands.RunAsync(MigrateCommand.Define(() => Configuration(installation)), arguments, said, said, CancellationToken.None);
        Assert.True(exit == 0, said.ToString());
        return said.ToString();
    }

    // The recording's server is gone; this one takes its place, as after a move.
    private static async Task FollowServerAsync(Installation installation, NpgsqlDataSource control)
    {
        await using (var command = control.CreateCommand("update control.servers set db_port = $1 where code = $2"))
        {
            command.Parameters.AddWithValue(int.Parse(installation.Settings["Seed:Server:DatabasePort"], System.Globalization.CultureInfo.InvariantCulture));
            command.Parameters.AddWithValue(installation.Settings["Seed:Server:Code"]);
            Assert.Equal(1, await command.ExecuteNonQueryAsync());
        }

        var configuration = Configuration(installation);
        await using var services = new ServiceCollection().AddLogging().AddSingleton(control).AddControlPlane(configuration).BuildServiceProvider();
        var servers = services.GetRequiredService<ServerStore>();
        var server = await servers.FindAsync(installation.Settings["Seed:Server:Code"], CancellationToken.None);
        await services.GetRequiredService<ServerLogins>().SetPasswordsAsync(
            server!, installation.Settings["Seed:Server:DatabasePassword"], installation.Settings["Seed:Server:ApplicationPassword"], null, "test", CancellationToken.None);
    }

    private static IConfigurationRoot Configuration(Installation installation) =>
        new ConfigurationBuilder().AddInMemoryCollection(installation.Settings.Select(s => KeyValuePair.Create(s.Key, (string?)s.Value))).Build();

    private static async Task<List<string>> JobsAsync(InProcessHost host, string code) =>
        [.. (await host.Api.GetAsync($"/api/jobs?tenant={code}"))["items"]!.AsArray().Select(j => (string)j!["id"]!)];

    private static Task<long> NothingIsUnderWayAsync(NpgsqlDataSource control) => Eventually.UntilAsync(
        () => CountAsync(
            control,
            """
            select (select count(*) from durable.leases where instance_id not like 'timer-%') + (select count(*) from durable.activities where instance_id not like 'timer-%')
              + (select count(*) from durable.messages where instance_id not like 'timer-%') + (select count(*) from control.jobs where finished_at is null)
              + (select count(*) from control.tenants where state not in ('terminated', 'failed'))
            """),
        left => left == 0, TimeSpan.FromSeconds(60), "nothing is under way");

    private static async Task<long> CountAsync(NpgsqlDataSource control, string sql)
    {
        await using var command = control.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }
}
