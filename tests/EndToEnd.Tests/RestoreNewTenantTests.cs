namespace Bibind.EndToEnd.Tests;

/// <summary>A backup becomes a new tenant, on a real PostgreSQL; each step failed; the tenant that it was taken of is never touched.</summary>
public sealed class RestoreNewTenantTests
{
    public static TheoryData<string, bool> Failures
    {
        get
        {
            var failures = new TheoryData<string, bool>();
            foreach (var step in Steps.OfRestoringIntoNew)
            {
                failures.Add(step, false);
                failures.Add(step, true);
            }

            return failures;
        }
    }

    [Fact]
    public async Task A_backup_becomes_a_tenant_with_the_data_and_nothing_else_of_the_other()
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new TenantCopy(source);
        await using var host = await InProcessHost.StartAsync(source.Installation);

        var end = await host.Api.EndOfAsync(await copy.OrderAsync(host.Api));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal(Steps.OfRestoringIntoNew.Order(), end["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Order());
        await copy.AssertWorksAsync(host.Api);

        // The copy goes without the other noticing.
        var gone = await host.Api.EndOfAsync(await host.Api.DestroyAsync(copy.Code, finalBackup: false));
        Assert.True((string?)gone["state"] == "succeeded", gone.ToString());
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    [Fact]
    public async Task The_last_backup_of_a_removed_tenant_becomes_a_tenant()
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new TenantCopy(source);
        await using var host = await InProcessHost.StartAsync(source.Installation);
        await host.Api.EndOfAsync(await host.Api.DestroyAsync(source.Code, finalBackup: true));
        await using var command = source.Installation.Control.CreateCommand("select id from control.backups where kind = 'final'");
        var final = (string)(await command.ExecuteScalarAsync())!;

        var end = await host.Api.EndOfAsync(await copy.OrderAsync(host.Api, final));

        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        Assert.Equal("after", await copy.ReadAsync("select value from ir_config_parameter where key = 'test.mark'"));

        // And under its own name, host and customer, beside that one.
        var back = await host.Api.EndOfAsync(await host.Api.PostAsync($"/api/tenants/{source.Code}/bring-back"));
        Assert.True((string?)back["state"] == "succeeded", back.ToString());
        Assert.Equal("active", (string?)(await host.Api.GetAsync($"/api/tenants/{source.Code}"))["state"]);
        Assert.Equal(1, await source.CountAsync("select count(*) from ir_config_parameter where key = 'test.mark' and value = 'after'"));
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_step_that_fails_for_good_leaves_nothing(string step, bool afterTheEffect)
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new TenantCopy(source);
        await using var host = await InProcessHost.StartAsync(source.Installation, new FailureAt(step, afterTheEffect));

        var end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api));

        Assert.Equal($"{step} fails, as the test wants", (string?)end["reason"]);
        Assert.All(end["inventory"]?["items"]?.AsArray() ?? [], item => Assert.Equal("absent", (string?)item!["state"]));
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    [Fact]
    public async Task A_backup_that_was_tampered_with_makes_no_tenant()
    {
        await using var source = await BackedUpTenant.CreateAsync();
        await using var copy = new TenantCopy(source);
        await source.TamperAsync();
        await using var host = await InProcessHost.StartAsync(source.Installation);

        var end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api));

        Assert.Contains("backup", (string?)end["reason"], StringComparison.OrdinalIgnoreCase);
        await copy.AssertNothingIsLeftAsync(host.Api);
    }
}
