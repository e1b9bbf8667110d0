using System.Text.Json.Nodes;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests;

/// <summary>Staging copies on a real PostgreSQL: made, refreshed, removed on their day; each step of theirs failed and killed; the tenant serves on.</summary>
public sealed class StagingTests
{
    [Fact]
    public async Task A_copy_is_made_masked_and_refreshed_and_goes_on_its_day()
    {
        await using var copy = await StagedTenant.CreateAsync();
        copy.At.SweepOften();
        await using var host = await InProcessHost.StartAsync(copy.At);

        var end = await copy.MakeAsync(host.Api, StagedTenant.Rules());

        Assert.Equal(Steps.OfMakingAStagingCopy.Order(), end["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Order());
        Assert.Equal(copy.Code, (string?)end["result"]!["code"]);
        Assert.Contains(end["result"]!["staging"]!["masked"]!.AsArray(), m => (string?)m!["table"] == "res_partner");
        await copy.AssertWorksAsync(host.Api);
        var password = await copy.ReadAsync("select password from res_users where login = 'admin'");
        var shown = await host.Api.GetAsync($"/api/tenants/{copy.Code[..^"-staging".Length]}/staging");
        Assert.NotNull(shown["report"]!["neutralised"]);
        Assert.NotNull(shown["refreshedAt"]);

        // What somebody did in the copy is gone, what is its own stays, and it is as quiet as before.
        await copy.ExecuteAsync("update ir_cron set active = true; insert into ir_config_parameter (key, value) values ('test.copy', 'x')");
        await copy.SayAsync("later");
        end = await copy.MakeAsync(host.Api);
        Assert.Equal(Steps.OfRefreshingAStagingCopy.Order(), end["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Distinct().Order());
        await copy.AssertWorksAsync(host.Api, "later");
        Assert.Equal("0", await copy.ReadAsync("select count(*)::text from ir_config_parameter where key = 'test.copy'"));
        Assert.Equal(password, await copy.ReadAsync("select password from res_users where login = 'admin'"));
        Assert.Equal(2, end["result"]!["staging"]!["masked"]!.AsArray().Count + end["result"]!["staging"]!["skipped"]!.AsArray().Count);

        await copy.SayAsync("after");
        await TenantAssertions.ScalarAsync<int>(copy.At.Control, "update control.tenant_staging set expires_at = now() returning version");
        await Eventually.UntilAsync(
            async () => await copy.At.CountAsync("select count(*) from control.tenants where code = $1 and state = 'terminated'", copy.Code) == 1,
            TimeSpan.FromSeconds(120), "the copy is gone");
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    [Theory]
    [InlineData("staging.find_source", false)]
    [InlineData("backup.take", true)]
    [InlineData("staging.neutralise", false)]
    [InlineData("staging.neutralise", true)]
    public async Task A_step_that_fails_for_good_leaves_nothing_of_a_new_copy(string step, bool afterTheEffect)
    {
        await using var copy = await StagedTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(copy.At, new FailureAt(step, afterTheEffect));

        var end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api));

        Assert.Equal($"{step} fails, as the test wants", (string?)end["reason"]);
        Assert.All(end["inventory"]?["items"]?.AsArray() ?? [], item => Assert.Equal("absent", (string?)item!["state"]));
        await copy.AssertNothingIsLeftAsync(host.Api);
    }

    [Fact]
    public async Task A_masking_that_cannot_be_applied_undoes_the_order_and_a_refreshing_changes_nothing()
    {
        await using var copy = await StagedTenant.CreateAsync();
        await using var host = await InProcessHost.StartAsync(copy.At);
        JsonArray impossible = [new JsonObject { ["table"] = "res_users", ["column"] = "login", ["method"] = "fixed", ["value"] = "same" }];

        var end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api, (JsonArray)impossible.DeepClone()));
        Assert.Contains("duplicate key", (string?)end["reason"], StringComparison.Ordinal);
        await copy.AssertNothingIsLeftAsync(host.Api);

        await copy.MakeAsync(host.Api);
        await copy.ExecuteAsync("insert into ir_config_parameter (key, value) values ('test.copy', 'kept')");
        end = await host.Api.FailureOfAsync(await copy.OrderAsync(host.Api, impossible));
        Assert.Contains("duplicate key", (string?)end["reason"], StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", (string?)end["reason"], StringComparison.Ordinal);
        await copy.AssertWorksAsync(host.Api);
        Assert.Equal("kept", await copy.ReadAsync("select value from ir_config_parameter where key = 'test.copy'"));
    }

    [Theory]
    [InlineData("before:staging.neutralise")]
    [InlineData("after:staging.neutralise")]
    [InlineData("after:staging.find_source")]
    public async Task A_making_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var copy = await StagedTenant.CreateAsync();
        string job;
        await using (var doomed = await KillableHost.StartAsync(copy.At, boundary))
        {
            job = await copy.OrderAsync(doomed.Api, StagedTenant.Rules());
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(copy.At);

        var end = await host.Api.EndOfAsync(job, seconds: 180);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await copy.AssertWorksAsync(host.Api);
    }

    [Theory]
    [InlineData("before:staging.neutralise")]
    [InlineData("after:staging.neutralise")]
    public async Task A_refreshing_that_is_killed_finishes_by_itself(string boundary)
    {
        await using var copy = await StagedTenant.CreateAsync();
        await using (var first = await InProcessHost.StartAsync(copy.At))
        {
            await copy.MakeAsync(first.Api);
            await copy.At.ComesToRestAsync();
        }

        await copy.SayAsync("later");
        string job;
        await using (var doomed = await KillableHost.StartAsync(copy.At, boundary))
        {
            job = await copy.OrderAsync(doomed.Api);
            await doomed.DiesAsync();
        }

        await using var host = await InProcessHost.StartAsync(copy.At);

        var end = await host.Api.EndOfAsync(job, seconds: 180);
        Assert.True((string?)end["state"] == "succeeded", end.ToString());
        await copy.AssertWorksAsync(host.Api, "later");
    }

    [Fact]
    public async Task A_refreshing_that_was_ended_from_outside_is_undone()
    {
        await using var copy = await StagedTenant.CreateAsync();
        copy.At.SweepOften();
        var atStep = new StopsAt("staging.neutralise");
        await using (var first = await InProcessHost.StartAsync(copy.At))
        {
            await copy.MakeAsync(first.Api);
            await copy.At.ComesToRestAsync();
        }

        await using var host = await InProcessHost.StartAsync(copy.At, atStep);
        var job = await copy.OrderAsync(host.Api);
        await atStep.Reached;

        await host.TerminateAsync(job);
        var id = job[(job.LastIndexOf('/') + 1)..];
        await Eventually.UntilAsync(
            async () => await copy.At.CountAsync($"select count(*) from control.jobs where id = '{id}' and outcome = 'failed'") == 1
                && await copy.At.CountAsync("select count(*) from control.backups where kind = 'staging'") == 0,
            TimeSpan.FromSeconds(90), "the job is closed and its backup gone");

        atStep.Release();
        await copy.AssertWorksAsync(host.Api);
    }
}
