using System.Globalization;
using System.Text.Json.Nodes;
using Bibind.Functions.Queues.Brokers;
using Bibind.Testing;

namespace Bibind.EndToEnd.Tests.Hosts;

/// <summary>What every host must do, seen by those who call it. One class derives from this for each host.</summary>
public abstract class HostBehaviour
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    [Fact]
    public async Task An_order_by_webhook_becomes_a_working_tenant_and_a_destroy_leaves_nothing()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        await using var host = await StartAsync(installation);

        var job = await EndAsync(host, await host.Api.OrderByWebhookAsync(installation.Code));

        Assert.Equal("succeeded", job["state"]!.GetValue<string>());
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        var end = await EndAsync(host, await host.Api.DestroyAsync(installation.Code, finalBackup: false));
        Assert.Equal("succeeded", end["state"]!.GetValue<string>());
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task Billing_messages_take_effect_once_however_often_they_are_delivered()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        await using var host = await StartAsync(installation);

        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => host.Billing.SendAsync(Created(installation.Code), TimeSpan.Zero, default)));

        await StateAsync(host, "active");
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.jobs where kind <> 'first-backup'"));

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => host.Billing.SendAsync(Cancelled(installation.Code), TimeSpan.Zero, default)));

        await StateAsync(host, "terminated");
        Assert.Equal(2, await installation.CountAsync("select count(*) from control.jobs where kind <> 'first-backup'"));
        await installation.AssertNothingIsLeftAsync();
    }

    [Fact]
    public async Task A_message_that_nobody_can_read_goes_to_the_poison_queue_with_the_reason()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        await using var host = await StartAsync(installation);

        await host.Billing.SendAsync("""{"billing": {"id": "b-7", "type": "subscription.exploded"}}""", TimeSpan.Zero, default);
        await host.Billing.SendAsync("no JSON", TimeSpan.Zero, default);

        var poison = OpenPoison(installation);
        var reasons = new List<string>();
        await Eventually.UntilAsync(
            async () =>
            {
                foreach (var letter in await poison.ReceiveAsync(10, TimeSpan.FromMinutes(5), default))
                {
                    reasons.Add(letter.Body!);
                    await poison.DeleteAsync(letter, default);
                }

                return reasons.Count == 2;
            },
            Patience, $"both messages are poison\n{host.Output()}");
        Assert.Contains(reasons, r => r.Contains("billing.type", StringComparison.Ordinal) || r.Contains("billing.tenant", StringComparison.Ordinal));
        Assert.Contains(reasons, r => r.Contains("no JSON", StringComparison.Ordinal));
        Assert.Empty(await host.Billing.ReceiveAsync(10, TimeSpan.FromSeconds(1), default));
    }

    [Fact]
    public async Task A_host_that_is_killed_while_it_works_ends_what_it_began()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        await using var host = await StartAsync(installation);
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from durable.history") > 0,
            Patience, $"the first steps are taken\n{host.Output()}");

        await host.KillAsync();

        var end = await EndAsync(host, job);
        Assert.Equal("succeeded", end["state"]!.GetValue<string>());
        await TenantAssertions.AssertWorksAsync(installation, host.Api);
    }

    [Fact]
    public async Task A_job_is_followed_to_its_end_by_as_many_answers_as_it_takes_and_nothing_is_told_twice()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        installation.Settings["Jobs:EventStreamLimit"] = "00:00:03";
        await using var host = await StartAsync(installation);
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        var told = new List<(string Id, string Name, string Data)>();

        await Eventually.UntilAsync(
            async () =>
            {
                told.AddRange(await host.Api.EventsOfAsync(job, told.Count > 0 ? told[^1].Id : null));
                return told[^1].Name == "end";
            },
            Patience, $"the end is told\n{host.Output()}");

        var end = await host.Api.GetAsync(job);
        Assert.Equal("succeeded", (string?)end["state"]);
        Assert.Equal("succeeded", (string?)JsonNode.Parse(told[^1].Data)!["state"]);
        Assert.Equal(told.Select(e => long.Parse(e.Id, CultureInfo.InvariantCulture)).Order(), told.Select(e => long.Parse(e.Id, CultureInfo.InvariantCulture)));
        Assert.Equal(
            end["steps"]!.AsArray().Select(s => (string)s!["name"]!).Distinct().Order(), told.Where(e => e.Name == "step").Select(e => (string)JsonNode.Parse(e.Data)!["name"]!).Distinct().Order());
        Assert.Equal(Steps(told).Count, Steps(told).Distinct().Count());

        // Whoever comes back is told what came after what they know.
        var middle = told[told.Count / 2].Id;
        var known = Steps(told.TakeWhile(e => e.Id != middle)).Concat(Steps(told.Where(e => e.Id == middle))).ToList();
        var later = await host.Api.EventsOfAsync(job, middle);
        Assert.Equal("end", later[^1].Name);
        Assert.Empty(Steps(later).Intersect(known));
        Assert.Equal(["job", "end"], (await host.Api.EventsOfAsync(job, told[^1].Id)).Select(e => e.Name));

        static List<string> Steps(IEnumerable<(string Id, string Name, string Data)> events) => [.. events.Where(e => e.Name == "step").Select(e => e.Data)];
    }

    [Fact]
    public async Task A_tick_of_the_clock_starts_what_must_run_for_ever_and_a_second_one_changes_nothing()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        installation.Settings["Timers:Sweep"] = "true";
        await using var host = await StartAsync(installation);

        await host.TickAsync("keepTimers");
        await host.TickAsync("keepTimers");

        await Eventually.UntilAsync(
            async () => await installation.CountAsync("select count(*) from durable.instances where instance_id = 'timer-sweep'") == 1,
            Patience, $"the sweep runs\n{host.Output()}");
        Assert.Equal(1, await installation.CountAsync("select count(*) from control.timers where name = 'keepTimers'"));
    }

    [Fact]
    public async Task Work_whose_wake_up_was_lost_is_found_by_the_schedule()
    {
        await using var installation = await Installation.CreateEmptyAsync();
        await using var host = await StartAsync(installation);
        host.LosesWakeUps = true;
        var job = await host.Api.OrderByWebhookAsync(installation.Code);
        if (host.IsPumped)
        {
            // Nobody but the schedule can have run it.
            Assert.Equal(0, await installation.CountAsync("select count(*) from durable.history"));
        }

        // Each minute, in production: what one run leaves (a step that waits for its next attempt) is the next one's.
        var end = await EndAsync(host, job, host.IsPumped ? () => host.TickAsync("pumpSchedule") : null);
        Assert.Equal("succeeded", end["state"]!.GetValue<string>());
    }

    /// <summary>Starts the host with a broker of its own.</summary>
    internal abstract Task<HostUnderTest> StartAsync(Installation installation);

    /// <summary>The poison queue of billing.</summary>
    internal abstract IBrokerQueue OpenPoison(Installation installation);

    private static async Task<JsonObject> EndAsync(HostUnderTest host, string job, Func<Task>? tick = null)
    {
        try
        {
            return await host.Api.EndOfAsync(job, tick: tick);
        }
        catch (TimeoutException late)
        {
            throw new TimeoutException($"{late.Message}\n{host.Output()}", late);
        }
    }

    private static Task StateAsync(HostUnderTest host, string state) => Eventually.UntilAsync(
        async () => await host.Installation.CountAsync("select count(*) from control.tenants where code = $1 and state = $2", host.Installation.Code, state) == 1,
        Patience, $"the tenant is {state}\n{host.Output()}");

    private static string Created(string code) =>
        $$$"""
        {"billing": {"id": "b-1", "type": "subscription.created", "tenant": "{{{code}}}", "sequence": 1,
          "occurredAt": "2026-03-01T09:30:00Z", "data": {"offer": "odoo-shared", "name": "Chez Anna", "customerName": "Anna",
            "customerEmail": "anna@example.com", "plan": "starter", "template": "blank",
            "locale": {"language": "fr_FR", "timeZone": "Europe/Paris", "currency": "EUR"} } } }
        """;

    private static string Cancelled(string code) =>
        $$$"""
        {"billing": {"id": "b-2", "type": "subscription.cancelled", "tenant": "{{{code}}}", "sequence": 2,
          "occurredAt": "2026-04-01T09:30:00Z", "data": {"finalBackup": false} } }
        """;
}
