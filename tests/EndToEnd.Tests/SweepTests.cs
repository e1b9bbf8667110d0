using System.Security.Cryptography;
using System.Text;
using Bibind.Testing;
using Npgsql;

namespace Bibind.EndToEnd.Tests;

/// <summary>What nothing works on any more is found and finished.</summary>
public sealed class SweepTests
{
    [Fact]
    public async Task A_tenant_whose_provisioning_was_ended_from_outside_is_removed_by_the_sweep()
    {
        await using var installation = await Installation.CreateAsync();
        installation.SweepOften();
        // The step waits: the order is ended while the database is there and nothing is undone.
        var atStep = new StopsAt("application.configure");
        await using var host = await InProcessHost.StartAsync(installation, atStep);
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        await atStep.Reached;
        Assert.NotEmpty(await installation.DatabasesAsync());

        await host.TerminateAsync(job);

        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from control.tenants where state = 'terminated'") == 1,
            TimeSpan.FromSeconds(60), "the sweep has removed it");
        var left = await host.Api.GetAsync($"/api/jobs?tenant={installation.Code}&kind=destroy");
        Assert.Equal("sweep", left["items"]![0]!["requestedBy"]!.GetValue<string>());
        Assert.Empty(await installation.DatabasesAsync());
        Assert.Equal(0, await installation.CountAsync("select count(*) from control.secrets where name like 'tenants/%'"));
        Assert.DoesNotContain(installation.StoredFiles(), f => f.Contains(installation.Code, StringComparison.Ordinal));
        var failed = await host.Api.GetAsync(job);
        Assert.Contains("ended from outside", failed["reason"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Routes_that_the_proxy_forgot_are_published_again_those_of_customers_names_too()
    {
        await using var world = await DomainWorld.StartAsync();
        var added = await world.AddAsync();
        Assert.True(added["state"]!.GetValue<string>() == "succeeded", added.ToString());
        await world.StopAsync();
        await world.Servers.ForgetRoutesAsync();
        Assert.False(await world.Servers.IsKnownToProxyAsync(world.Name));
        world.Servers.Installation.SweepOften();

        await world.StartAgainAsync();

        foreach (var host in new[] { world.Name, world.Servers.HostOf(world.Code) })
        {
            var answer = await Eventually.UntilAsync(() => TryGetAsync(world.Servers, host), a => a is not null, TimeSpan.FromSeconds(60), $"{host} is published");
            Assert.Equal((System.Net.HttpStatusCode.OK, world.Servers.AnswerOf(world.Code)), answer);
        }

        // A tenant that is removed stays so, whatever the sweep does meanwhile.
        var end = await world.Api.EndOfAsync(await world.Api.DestroyAsync(world.Code, finalBackup: false), seconds: 120);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.False(await world.Servers.IsKnownToProxyAsync(world.Servers.HostOf(world.Code)));
    }

    [Fact]
    public async Task Routes_that_the_proxy_forgot_are_back_within_seconds_without_the_sweep()
    {
        await using var world = await DomainWorld.StartAsync(configure: settings => settings["Routing:WatchInterval"] = "00:00:01");
        var added = await world.AddAsync();
        Assert.True(added["state"]!.GetValue<string>() == "succeeded", added.ToString());

        await world.Servers.ForgetRoutesAsync();

        foreach (var host in new[] { world.Servers.HostOf(world.Code), world.Name })
        {
            await Eventually.UntilAsync(() => world.Servers.IsKnownToProxyAsync(host), TimeSpan.FromSeconds(30), $"{host} is published again");
        }
    }

    // Null while the proxy has no certificate for the host: of its configurations before and after a change both may answer for a moment.
    private static async Task<(System.Net.HttpStatusCode Status, string Body)?> TryGetAsync(EveryEffectWorld servers, string host)
    {
        try
        {
            return await servers.GetAtAsync(host);
        }
        catch (HttpRequestException)
        {
            return null;
        }
    }

    [Fact]
    public async Task A_suspended_tenant_whose_route_was_forgotten_shows_its_page_again()
    {
        await using var world = await DomainWorld.StartAsync();
        await world.StopAsync();
        await world.Servers.ForgetRoutesAsync();
        await using (var suspend = world.Servers.Installation.Control.CreateCommand("update control.tenants set state = 'suspended'"))
        {
            await suspend.ExecuteNonQueryAsync();
        }

        world.Servers.Installation.SweepOften();

        await world.StartAgainAsync();

        var answer = await Eventually.UntilAsync(
            () => TryGetAsync(world.Servers, world.Servers.HostOf(world.Code)), a => a is not null, TimeSpan.FromSeconds(60), "the page is published");
        Assert.Equal(System.Net.HttpStatusCode.ServiceUnavailable, answer!.Value.Status);
    }

    [Fact]
    public async Task The_quota_of_a_bucket_follows_the_plan_and_the_version_that_the_tenant_was_sold()
    {
        await using var world = await EveryEffectWorld.StartAsync();
        world.Installation.SweepOften();
        await using var host = await InProcessHost.StartAsync(world.Installation);
        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(world.Installation.Code), seconds: 120);
        Assert.True(job["state"]!.GetValue<string>() == "succeeded", job.ToString());
        var before = await world.QuotaAsync();
        Assert.True(before > 0);

        await SetAsync("update control.tenants set plan = 'pro'");
        await Eventually.UntilAsync(async () => await world.QuotaAsync() > before, TimeSpan.FromSeconds(60), "the bucket has the other plan's quota");

        // The next version of the plan is not what the tenant was sold; it counts once the tenant is sold that.
        await SetAsync("update control.plans set storage_quota_bytes = 4096000 where code = 'pro'");
        await SetAsync("update control.tenants set plan_version = 2");
        await Eventually.UntilAsync(async () => await world.QuotaAsync() == 4096000, TimeSpan.FromSeconds(60), "the bucket has what the new version allows");

        async Task SetAsync(string sql)
        {
            await using var change = world.Installation.Control.CreateCommand(sql);
            Assert.Equal(1, await change.ExecuteNonQueryAsync());
        }
    }

    [Fact]
    public async Task A_database_that_a_trial_left_is_dropped_and_that_of_another_installation_is_not()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using (var first = await InProcessHost.StartAsync(tenant.Installation))
        {
            var trial = await first.Api.EndOfAsync(await first.Api.PostAsync($"/api/backups/{tenant.BackupId}/verify"));
            Assert.True(trial["state"]!.GetValue<string>() == "succeeded", trial.ToString());
        }

        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(tenant.BackupId)))[..12];
        var id = await tenant.Installation.CountAsync("select id from control.tenants");
        var (ours, theirs) = ($"bibind-verify-{id}-{hash}", $"bibind-verify-{id}-{Guid.NewGuid().ToString("n")[..12]}");
        await using var admin = NpgsqlDataSource.Create(tenant.Installation.SuperuserConnectionString);
        await RunAsync(admin, $"create database \"{ours}\" owner odoo is_template true");
        await RunAsync(admin, $"create database \"{theirs}\" owner odoo");
        tenant.Installation.SweepOften();

        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var left = "select coalesce(string_agg(datname, ' ' order by datname), '') from pg_database where datname in ($1, $2)";
        await Eventually.UntilAsync(
            async () =>
            {
                await using var look = admin.CreateCommand(left);
                look.Parameters.AddWithValue(ours);
                look.Parameters.AddWithValue(theirs);
                return (string)(await look.ExecuteScalarAsync())! == theirs;
            },
            TimeSpan.FromSeconds(60), "ours is dropped");
        await RunAsync(admin, $"drop database \"{theirs}\"");
    }

    private static async Task RunAsync(NpgsqlDataSource admin, string sql)
    {
        await using var command = admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
