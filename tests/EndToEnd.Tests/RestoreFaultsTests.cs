namespace Bibind.EndToEnd.Tests;

/// <summary>Fails and kills each step of a restore: the tenant ends active, or suspended with a reason that says why and what to do.</summary>
public sealed class RestoreFaultsTests
{
    /// <summary>The step, whether after its effect, and what the database says then.</summary>
    public static TheoryData<string, bool, string> Undone => new()
    {
        { "backup_jobs.begin", false, "after" },
        { "backup_jobs.begin", true, "after" },
        { "backup.check_restore", false, "after" },
        { "backup.check_restore", true, "after" },
        { "backup.take", false, "after" },
        { "backup.take", true, "after" },
        { "routing.suspend", false, "after" },
        { "routing.suspend", true, "after" },
        { "backup.restore", false, "after" },
        { "application.set_address", false, "after" },
        { "application.set_address", true, "after" },
        { "application.smoke_test", false, "after" },
        { "application.smoke_test", true, "after" },
    };

    /// <summary>Steps that the way back needs too.</summary>
    public static TheoryData<string, bool> Stuck => new()
    {
        { "backup.restore", true },
        { "application.hand_over", false },
        { "application.hand_over", true },
        { "routing.publish", false },
        { "routing.publish", true },
    };

    /// <summary>Before and after each step; and within <c>backup.restore</c>, once the database and once the former files have been renamed.</summary>
    public static TheoryData<string> Boundaries =>
        [.. Steps.OfRestoring.SelectMany(s => new[] { $"before:{s}", $"after:{s}" }), .. Halfway];

    private static readonly string[] Halfway = ["log:BackupRestored", "log:FileStoreSetAside"];

    public static TheoryData<string> HalfwayBoundaries => [.. Halfway];

    [Theory]
    [MemberData(nameof(Undone))]
    public async Task A_step_that_fails_for_good_leaves_the_tenant_as_it_was(string step, bool afterTheEffect, string mark)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation, new FailureAt(step, afterTheEffect));

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

        Assert.Equal("failed", end["state"]!.GetValue<string>());
        Assert.StartsWith($"{step} fails, as the test wants. ", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        await tenant.AssertActiveAsync(host.Api, mark);
    }

    [Theory]
    [MemberData(nameof(Stuck))]
    public async Task A_tenant_that_cannot_be_opened_again_is_suspended_and_says_why_and_can_be_restored_later(string step, bool afterTheEffect)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        string safety;
        await using (var host = await InProcessHost.StartAsync(tenant.Installation, new FailureAt(step, afterTheEffect)))
        {
            var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

            Assert.Equal("failed", end["state"]!.GetValue<string>());
            safety = $"{end["id"]}-manual";
            var shown = await host.Api.GetAsync($"/api/tenants/{tenant.Code}");
            Assert.Equal("suspended", shown["state"]!.GetValue<string>());
            Assert.Contains(safety, shown["reason"]!.GetValue<string>(), StringComparison.Ordinal);
            await tenant.Installation.ComesToRestAsync();
            await tenant.AssertTidyAsync();
        }

        await using var healthy = await InProcessHost.StartAsync(tenant.Installation);
        var again = await healthy.Api.EndOfAsync(await healthy.Api.PostAsync($"/api/backups/{safety}/restore"));
        Assert.True(again["state"]!.GetValue<string>() == "succeeded", again.ToString());
        await tenant.AssertActiveAsync(healthy.Api, "after");
    }

    [Theory]
    [MemberData(nameof(Stuck))]
    public async Task A_tenant_that_a_failed_restore_left_suspended_is_opened_by_a_call(string step, bool afterTheEffect)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using (var host = await InProcessHost.StartAsync(tenant.Installation, new FailureAt(step, afterTheEffect)))
        {
            await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));
            var stuck = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{tenant.Code}/resume"));
            if (step != "backup.restore")
            {
                Assert.Equal("failed", stuck["state"]!.GetValue<string>());
                Assert.Equal("suspended", (await host.Api.GetAsync($"/api/tenants/{tenant.Code}"))["state"]!.GetValue<string>());
            }
        }

        await using var healthy = await InProcessHost.StartAsync(tenant.Installation);
        if ((await healthy.Api.GetAsync($"/api/tenants/{tenant.Code}"))["state"]!.GetValue<string>() == "suspended")
        {
            var end = await healthy.Api.EndOfAsync(await healthy.Api.PostAsync($"/api/tenants/{tenant.Code}/resume"));
            Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        }

        await tenant.AssertActiveAsync(healthy.Api, "after");
    }

    [Fact]
    public async Task A_proxy_that_is_away_for_forty_seconds_fails_no_restore()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation, new OutageAt("routing.publish", TimeSpan.FromSeconds(40)));

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await tenant.AssertActiveAsync(host.Api, "before");
    }

    [Fact]
    public async Task A_restore_of_a_database_that_is_not_ours_leaves_the_tenant_as_it_was()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await tenant.MakeAnewByHandAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var end = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

        Assert.Equal("failed", end["state"]!.GetValue<string>());
        Assert.Contains("not ours", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", end["reason"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.DoesNotContain(end["steps"]!.AsArray(), s => s!["name"]!.GetValue<string>() == "routing.suspend");
        Assert.Equal("active", (await host.Api.GetAsync($"/api/tenants/{tenant.Code}"))["state"]!.GetValue<string>());
    }

    [Theory]
    [MemberData(nameof(Boundaries))]
    public async Task A_restore_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(tenant.Installation, boundary))
        {
            job = await doomed.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore");
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(tenant.Installation);

        var end = await host.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        await tenant.AssertActiveAsync(host.Api, "before");
        Assert.Equal(["manual", "manual", "first"], await tenant.KindsAsync(host.Api));
    }

    [Theory]
    [MemberData(nameof(HalfwayBoundaries))]
    public async Task A_restore_that_is_killed_halfway_and_then_fails_for_good_can_be_restored_and_removed(string boundary)
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(tenant.Installation, boundary))
        {
            job = await doomed.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore");
            await doomed.DiesAsync();
        }

        Assert.Contains(Directory.EnumerateDirectories(tenant.Installation.Files), d => Path.GetFileName(d).StartsWith(".bibind-ready-", StringComparison.Ordinal));
        Assert.Equal(boundary == "log:BackupRestored", Directory.Exists(Path.Combine(tenant.Installation.Files, tenant.Code)));
        string safety;
        await using (var failing = await InProcessHost.StartAsync(tenant.Installation, new FailureAt("backup.restore", afterTheEffect: false)))
        {
            var end = await failing.Api.EndOfAsync(job);
            Assert.Equal("failed", end["state"]!.GetValue<string>());
            safety = $"{end["id"]}-manual";
            await tenant.Installation.ComesToRestAsync();
            Assert.Equal("suspended", (await failing.Api.GetAsync($"/api/tenants/{tenant.Code}"))["state"]!.GetValue<string>());
        }

        await using var host = await InProcessHost.StartAsync(tenant.Installation);
        if (boundary == "log:FileStoreSetAside")
        {
            var again = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{safety}/restore"));
            Assert.True(again["state"]!.GetValue<string>() == "succeeded", again.ToString());
            await tenant.AssertActiveAsync(host.Api, "after");
        }

        var removed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(tenant.Code, finalBackup: false));
        Assert.True(removed["state"]!.GetValue<string>() == "succeeded", removed.ToString());
        await tenant.Installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Every_step_of_a_restore_is_in_the_list_that_the_tests_go_through()
    {
        await using var tenant = await BackedUpTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(tenant.Installation);
        var job = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/backups/{tenant.BackupId}/restore"));

        Assert.Equal(Steps.OfRestoring, job["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()));
    }
}
