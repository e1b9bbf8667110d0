using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>Kills the host's process when it has claimed a server's check, made it, and recorded it; afterwards the check counts once, with all that follows from it.</summary>
public sealed class KillEachHealthStepTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task A_check_whose_host_is_killed_at_any_step_counts_once()
    {
        await using var installation = await Installation.CreateAsync();
        await using (await InProcessHost.StartAsync(installation))
        {
            // The server is registered; nothing listens at its address, where its application has answered before.
        }

        installation.Settings["ServerHealth:Enabled"] = "true";
        installation.Settings["ServerHealth:Limit"] = "00:00:02";
        installation.Settings["ServerHealth:FailuresUntilOffline"] = "1";
        installation.Settings["ServerHealth:RetryInterval"] = "1.00:00:00";
        foreach (var (step, isRecorded) in new[] { ("ServersClaimed", false), ("ServerChecked", false), ("ServerRecorded", true) })
        {
            await RunAsync(
                installation,
                """
                delete from control.server_watch; delete from control.server_checks; delete from control.server_alerts; delete from control.server_state_changes;
                update control.servers set state = 'active', health = 'unknown', application_version = '18.0';
                """);
            await using (var doomed = KillableHost.Launch(installation, $"log:{step}"))
            {
                await doomed.DiesAsync();
            }

            Assert.Equal(isRecorded ? 1 : 0, await installation.CountAsync("select count(*) from control.server_checks"));
            Assert.Equal(isRecorded ? 0 : 1, await installation.CountAsync("select count(*) from control.server_watch where claim is not null"));
            // A minute and some seconds later, as the database has it.
            await RunAsync(installation, "update control.server_watch set claimed_until = now() - interval '1 second' where claim is not null");

            await using (await InProcessHost.StartAsync(installation))
            {
                await Eventually.UntilAsync(
                    async () => await installation.CountAsync("select count(*) from control.servers where state = 'offline' and health = 'critical'") == 1,
                    Patience, $"the server is offline after a kill at {step}");
            }

            foreach (var table in new[] { "server_checks", "server_state_changes", "server_alerts", "server_watch where claim is null and failures = 1" })
            {
                Assert.Equal(1, await installation.CountAsync($"select count(*) from control.{table}"));
            }
        }
    }

    private static async Task RunAsync(Installation installation, string sql)
    {
        await using var command = installation.Control.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
