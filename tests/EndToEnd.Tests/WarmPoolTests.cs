using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>Orders from a pool of ready clones: what becomes of them, and of clones that somebody has touched.</summary>
public sealed class WarmPoolTests
{
    public static TheoryData<string, bool> Failures
    {
        get
        {
            var failures = new TheoryData<string, bool>();
            foreach (var step in new[] { "tenants.reserve", "credentials.prepare", "filestore.copy", "database.clone", "application.configure", "tenants.activate" })
            {
                failures.Add(step, false);
                failures.Add(step, true);
            }

            return failures;
        }
    }

    [Fact]
    public async Task An_order_gets_a_ready_clone_with_its_files_and_its_removal_leaves_nothing()
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.FillAsync(installation, size: 1);
        var oid = await pool.OidAsync(Assert.Single(await pool.DatabasesAsync()));
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        Assert.Equal(oid, await pool.OidAsync(installation.Code));
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.pool_entries"));
        await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: false));
        await installation.AssertNothingIsLeftAsync();
        await pool.DrainAsync(host);
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task An_order_that_fails_leaves_neither_its_clone_nor_the_clones_files(string step, bool afterTheEffect)
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.FillAsync(installation, size: 1);
        await using var host = await InProcessHost.StartAsync(installation, new FailureAt(step, afterTheEffect));

        var end = await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.All(end["inventory"]!["items"]!.AsArray(), item => Assert.Equal("absent", item!["state"]!.GetValue<string>()));
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.pool_entries where state = 'taken'"));
        await pool.DrainAsync(host);
        await installation.AssertNothingIsLeftAsync();
    }

    [Theory]
    [InlineData("dropped", false)]
    [InlineData("opened", false)]
    [InlineData("entered", true)]
    [InlineData("held", false)]
    [InlineData("renamed", true)]
    public async Task A_clone_that_somebody_touched_fails_no_order(string how, bool isWarm)
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.FillAsync(installation, size: 1);
        var name = Assert.Single(await pool.DatabasesAsync());
        var oid = await pool.OidAsync(name);
        var session = await TouchAsync(pool, installation, name, how);
        await using var host = await InProcessHost.StartAsync(installation);

        var end = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await installation.HasFirstBackupAsync();
        Assert.Equal(isWarm, await pool.OidAsync(installation.Code) == oid);
        await (session?.DisposeAsync() ?? ValueTask.CompletedTask);
        await pool.DrainAsync(host);
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
    }

    [Fact]
    public async Task More_orders_than_clones_are_all_carried_out_and_each_clone_serves_one()
    {
        await using var installation = await Installation.CreateAsync();
        var pool = await Pool.FillAsync(installation, size: 10);
        var codes = Enumerable.Range(1, 14).Select(i => $"{installation.Code}n{i}").ToArray();
        try
        {
            await using var host = await InProcessHost.StartAsync(installation);
            var jobs = await Task.WhenAll(codes.Select((code, i) => host.Api.OrderByWebhookAsync(code, record: i + 1)));
            var ends = await Task.WhenAll(jobs.Select(job => host.Api.EndOfAsync(job, seconds: 180)));

            Assert.All(ends, end => Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString()));
            Assert.Equal(10, await installation.CountAsync("select hits from control.warm_pools where misses = 4"));
            await installation.ComesToRestAsync();
            await pool.DrainAsync(host);
        }
        finally
        {
            foreach (var code in codes)
            {
                await installation.DropAsync(code);
            }
        }
    }

    private static async Task<NpgsqlConnection?> TouchAsync(Pool pool, Installation installation, string name, string how)
    {
        switch (how)
        {
            case "dropped":
                await pool.RunAsSuperuserAsync($"alter database {name} is_template false");
                await pool.RunAsSuperuserAsync($"drop database {name}");
                return null;
            case "renamed":
                await pool.RunAsSuperuserAsync($"alter database {name} rename to {name}_of_somebody");
                return null;
            default:
                await pool.RunAsSuperuserAsync($"alter database {name} allow_connections true");
                var login = new NpgsqlConnectionStringBuilder(installation.SuperuserConnectionString) { Database = name, Pooling = false };
                if (how == "entered")
                {
                    // A superuser's session is not ours to end.
                    (login.Username, login.Password) = (installation.Settings["Seed:Server:DatabaseUser"], installation.Settings["Seed:Server:DatabasePassword"]);
                }

                var connection = new NpgsqlConnection(login.ConnectionString);
                await connection.OpenAsync();
                if (how != "opened")
                {
                    await pool.RunAsSuperuserAsync($"alter database {name} allow_connections false");
                }

                return connection;
        }
    }
}
