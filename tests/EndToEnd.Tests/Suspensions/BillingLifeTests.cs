using Bibind.EndToEnd.Tests.Hosts;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing;
using Bibind.Testing.Servers;

namespace Bibind.EndToEnd.Tests.Suspensions;

/// <summary>Billing's messages, from a real broker to a real database and back; hosts die on the way.</summary>
public sealed class BillingLifeTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(90);

    [Fact]
    public async Task A_tenant_follows_what_billing_says_from_unpaid_to_gone_and_hosts_that_die_change_nothing()
    {
        await using var azurite = await AzuriteServer.StartAsync();
        await using var world = await SuspensionWorld.CreateAsync();
        var queue = (await Brokers.StorageAsync(world.Installation, azurite)).Open("billing");
        await queue.CreateAsync(default);

        foreach (var (number, boundary) in new[] { (1, "before:suspensions.shut_database"), (3, "after:suspensions.end") })
        {
            await using (var doomed = await KillableHost.StartAsync(world.Installation, boundary))
            {
                await SayAsync(queue, world.Code, number, "subscription.suspended", """{"cause": "payment"}""");
                await doomed.DiesAsync();
            }

            await using var next = await InProcessHost.StartAsync(world.Installation);
            await StateAsync(world, "suspended", jobs: number);
            await world.AssertSuspendedAsync(next.Api);
            await SayAsync(queue, world.Code, number + 1, "invoice.paid", """{"periodEnd": "2040-02-01T00:00:00Z"}""");

            // Delivered once more, and late: it was passed by.
            await SayAsync(queue, world.Code, number, "subscription.suspended", """{"cause": "payment"}""");
            await StateAsync(world, "active", jobs: number + 1);
            await world.AssertOpenAsync(next.Api);
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);
        await SayAsync(queue, world.Code, 5, "plan.changed", """{"plan": "pro"}""");
        await Eventually.UntilAsync(async () => (string?)(await host.Api.GetAsync($"/api/tenants/{world.Code}"))["plan"] == "pro", Patience, "the tenant has the plan");
        await world.Installation.ComesToRestAsync();
        await SayAsync(queue, world.Code, 6, "subscription.cancelled", """{"when": "now", "finalBackup": false}""");
        await StateAsync(world, "terminated", jobs: 6);

        Assert.Empty(await world.Installation.DatabasesAsync());
        Assert.Equal(6, await world.Installation.CountAsync("select count(*) from control.billing_inbox where state = 'done'"));
        Assert.Equal(1, await world.Installation.CountAsync("select count(*) from control.subscriptions where state = 'cancelled'"));
        Assert.Equal(2, await world.Installation.CountAsync("select count(*) from control.jobs where kind = 'suspend'"));
        Assert.Equal(0, await world.Installation.CountAsync("select count(*) from control.jobs where finished_at is null or outcome <> 'succeeded'"));
    }

    // Each message here orders one job.
    private static Task StateAsync(SuspensionWorld world, string state, int jobs) => Eventually.UntilAsync(
        async () => await world.Installation.CountAsync($"select count(*) from control.tenants where state = '{state}'") == 1
            && await world.Installation.CountAsync(
                "select count(*) from control.jobs where kind in ('suspend', 'resume', 'change-plan', 'destroy') and finished_at is not null") == jobs,
        Patience, $"the tenant is {state}");

    private static Task SayAsync(IBrokerQueue queue, string tenant, int number, string type, string data) => queue.SendAsync(
        $$$"""{"billing": {"id": "b-{{{number}}}", "type": "{{{type}}}", "tenant": "{{{tenant}}}", "sequence": {{{number}}}, "occurredAt": "2026-03-0{{{number}}}T09:30:00Z", "data": {{{data}}} } }""",
        TimeSpan.Zero, default);
}
