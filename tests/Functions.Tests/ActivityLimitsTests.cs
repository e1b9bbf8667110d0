using System.Net;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>A limit over all machines holds while all have the same: hosts that disagree say so, and work.</summary>
public sealed class ActivityLimitsTests(PostgresServer postgres)
{
    [Fact]
    public async Task Live_hosts_with_other_limits_are_a_warning_until_they_end()
    {
        await using var first = new ApiHost(postgres) { More = ["--Worker:ActivityLimits=database.clone=4, backup.take=2"] };
        await first.InitializeAsync();
        await using var same = new ApiHost(postgres) { ControlDatabase = first.ControlDatabase, More = ["--Worker:ActivityLimits=backup.take=2,database.clone=4"] };
        await same.InitializeAsync();
        Assert.Equal("ok", await CheckAsync(first));

        await using (var other = new ApiHost(postgres) { ControlDatabase = first.ControlDatabase, More = ["--Worker:ActivityLimits=database.clone=8"] })
        {
            await other.InitializeAsync();

            var here = await CheckAsync(other);
            var there = await CheckAsync(first);
            await Eventually.TrueAsync(() => other.Logs.Text.Contains("Live hosts work with other Worker__ActivityLimits", StringComparison.Ordinal));

            Assert.Contains("backup.take without limit here and 2 there; database.clone 8 here and 4 there.", here, StringComparison.Ordinal);
            Assert.Contains("backup.take 2 here and without limit there; database.clone 4 here and 8 there.", there, StringComparison.Ordinal);
            Assert.DoesNotContain(Environment.MachineName, here, StringComparison.Ordinal);
            Assert.Contains($"there at {Environment.MachineName}-", other.Logs.Text, StringComparison.Ordinal);
        }

        Assert.Equal("ok", await CheckAsync(first));
    }

    [Fact]
    public async Task A_host_that_has_died_is_not_waited_for_longer_than_a_minute()
    {
        await using var host = new ApiHost(postgres);
        await host.InitializeAsync();
        const string Dead = "insert into control.host_limits values ('dead', '{\"database.clone\": 1}', now() - interval '61 seconds'), ('long', '{}', now() - interval '2 days')";
        await host.ExecuteAsync(Dead);

        Assert.Equal("ok", await CheckAsync(host));
        Assert.Equal("dead", await host.ScalarAsync<string>("select string_agg(host, ',') from control.host_limits where host in ('dead', 'long')"));
    }

    private static async Task<string?> CheckAsync(ApiHost host)
    {
        using var ready = await host.GetAsync("/health/ready", token: null);
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);
        return (await ApiHost.JsonAsync(ready)).GetProperty("checks").GetProperty("activity-limits").GetString();
    }
}
