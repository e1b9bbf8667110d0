using System.Globalization;
using Bibind.EndToEnd.Tests.Suspensions;

namespace Bibind.EndToEnd.Tests;

/// <summary>
/// Kills the host's process in the middle of each event that an Odoo posts, and before its answer. What was begun leaves nothing, and is done when the record
/// comes again; what was done is done once, however often it comes.
/// </summary>
public sealed class KillEachWebhookEventTests
{
    private const string BeforeAnswer = "answering:/webhooks/odoo/";
    private const string InLedger = "sql:insert into control.webhook_events";
    private const string InDomains = "sql:insert into control.domains";
    private const string Changes = "select count(*) from control.subscription_changes where cause_id = 'saas.instance {0}'";
    private const string Jobs = "select count(*) from control.jobs where kind = '{1}'";

    // In an order in which each can be carried out; the domain's job waits for records that nobody sets.
    private static readonly Step[] Steps =
    [
        new("suspend", InLedger, Changes, "suspend", [("reason", "abuse")]),
        new("resume", InLedger, Changes, "resume", []),
        new("change_plan", InLedger, Changes, "change-plan", [("plan", "pro")]),
        new("back_up", InLedger, "select count(*) from control.jobs where kind = 'backup' and requested_by = 'console'", "backup", []),
        new("cancel", InLedger, Changes, null, []),
        new("add_domain", InDomains, "select count(*) from control.domains where name = 'shop.example.com'", "add-domain", [("domain", "shop.example.com")]),
    ];

    [Fact]
    public async Task An_event_whose_host_is_killed_is_carried_out_once()
    {
        await using var world = await SuspensionWorld.CreateAsync();
        await world.Installation.HasFirstBackupAsync();
        for (var i = 0; i < Steps.Length; i++)
        {
            await using (var begun = await KillableHost.StartAsync(world.Installation, Steps[i].InTheMiddle))
            {
                await ComesAgainAsync(world, begun.Api, i - 1);
                await Api.DiesOfAsync(() => SayAsync(begun.Api, world.Code, i));
                await begun.DiesAsync();
            }

            Assert.Equal((Steps[i].Event, 0), (Steps[i].Event, await CountAsync(world, Steps[i].Effect, i)));
            await using var done = await KillableHost.StartAsync(world.Installation, BeforeAnswer);
            await Api.DiesOfAsync(() => SayAsync(done.Api, world.Code, i));
            await done.DiesAsync();
            Assert.Equal((Steps[i].Event, 1), (Steps[i].Event, await CountAsync(world, Steps[i].Effect, i)));
        }

        await using var host = await InProcessHost.StartAsync(world.Installation);
        await ComesAgainAsync(world, host.Api, Steps.Length - 1);
        Assert.Equal("pro active t", await world.TextAsync("select concat_ws(' ', plan, state, cancel_at is not null) from control.subscriptions where tenant = $1"));
        Assert.Equal("pro active", await world.TextAsync("select concat_ws(' ', plan, state) from control.tenants where code = $1"));
        Assert.Equal(
            Steps.SelectMany(s => new[] { $"{s.Event} taken", $"{s.Event} repeated" }),
            (await world.TextAsync("select string_agg(event || ' ' || state, ',' order by id) from control.webhook_log where tenant = $1 and event <> 'create'")).Split(','));
    }

    // Odoo sends a record at its next write: nothing is done a second time, and what was begun has come to its end.
    private static async Task ComesAgainAsync(SuspensionWorld world, Api api, int i)
    {
        if (i < 0)
        {
            return;
        }

        var answer = await SayAsync(api, world.Code, i);
        Assert.Equal((Steps[i].Event, 1), (Steps[i].Event, await CountAsync(world, Steps[i].Effect, i)));
        if (Steps[i].Job is { } kind)
        {
            Assert.Equal((kind, 1), (kind, await CountAsync(world, $"{Jobs} and (kind <> 'backup' or requested_by = 'console')", i)));
            if (kind != "add-domain")
            {
                await world.SucceedsAsync(api, answer);
            }
        }
    }

    private static Task<string> SayAsync(Api api, string code, int i) => api.SayByWebhookAsync(i + 10, code, Steps[i].Event, Steps[i].More);

    private static Task<long> CountAsync(SuspensionWorld world, string sql, int i) =>
        world.Installation.CountAsync(string.Format(CultureInfo.InvariantCulture, sql, i + 10, Steps[i].Job));

    private sealed record Step(string Event, string InTheMiddle, string Effect, string? Job, (string Field, string Value)[] More);
}
