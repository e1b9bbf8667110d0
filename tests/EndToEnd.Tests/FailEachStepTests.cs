namespace Bibind.EndToEnd.Tests;

/// <summary>Fails each step of a provisioning for good, before and after its effect, and counts what is left over: zero.</summary>
public sealed class FailEachStepTests
{
    public static TheoryData<string, bool> Failures
    {
        get
        {
            var failures = new TheoryData<string, bool>();
            foreach (var step in Steps.ThatMustSucceed)
            {
                failures.Add(step, false);
                failures.Add(step, true);
            }

            return failures;
        }
    }

    [Theory]
    [MemberData(nameof(Failures))]
    public async Task A_step_that_fails_for_good_leaves_nothing_and_frees_the_code(string step, bool afterTheEffect)
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation, new FailureAt(step, afterTheEffect));

        var end = await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.Equal($"{step} fails, as the test wants", end["reason"]!.GetValue<string>());
        Assert.Equal("failed", (await host.Api.GetAsync($"/api/tenants/{installation.Code}"))["state"]!.GetValue<string>());
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task The_code_of_a_failed_order_can_be_ordered_again()
    {
        await using var installation = await Installation.CreateAsync();
        await using (var host = await InProcessHost.StartAsync(installation, new FailureAt("tenants.activate", afterTheEffect: false)))
        {
            await host.Api.FailureOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        }

        await using var healthy = await InProcessHost.StartAsync(installation);
        var second = await healthy.Api.EndOfAsync(await healthy.Api.OrderByWebhookAsync(installation.Code));
        Assert.Equal("succeeded", second["state"]!.GetValue<string>());
    }

    [Fact]
    public async Task Every_step_of_a_provisioning_is_in_the_list_that_the_tests_go_through()
    {
        await using var installation = await Installation.CreateAsync();
        await using var host = await InProcessHost.StartAsync(installation);
        var job = await host.Api.EndOfAsync(await host.Api.OrderByWebhookAsync(installation.Code));
        var taken = job["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Order().ToArray();

        Assert.Equal(Steps.ThatMustSucceed.Order(), taken);

        var destroyed = await host.Api.EndOfAsync(await host.Api.DestroyAsync(installation.Code, finalBackup: true));
        Assert.Equal(Steps.OfDestroying.Order(), destroyed["steps"]!.AsArray().Select(s => s!["name"]!.GetValue<string>()).Order());
    }
}
