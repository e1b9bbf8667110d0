using System.Net;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests.Webhooks;

/// <summary>What records of an Odoo console ask for about tenants that are there.</summary>
public sealed class OdooEventsTests(OdooEventsHost host) : IClassFixture<OdooEventsHost>
{
    [Fact]
    public async Task A_tenant_is_suspended_resumed_and_suspended_again_by_one_record()
    {
        await host.ActiveAsync("circle");
        var record = host.NextRecord();
        var suspended = await host.TakenAsync(await host.SayAsync(record, "circle", "suspend", """, "reason": "abuse", "colour": "red" """));
        Assert.Equal("suspend operator", await host.World.OrdersAsync("circle"));
        Assert.Equal("suspend", suspended.GetProperty("event").GetString());
        var job = suspended.GetProperty("job").GetString()!;
        Assert.Contains("colour", await host.Api.ScalarAsync<string>($"select notes::text from control.jobs where id = '{job}'"), StringComparison.Ordinal);
        Assert.Equal("abuse", await host.Api.ScalarAsync<string>("select c.reason from control.subscription_changes c join control.subscriptions s on s.id = c.subscription_id where s.tenant = 'circle' order by c.id desc limit 1"));
        await host.World.SettleAsync();
        Assert.Equal("suspended operator suspended", await host.World.StateAsync("circle"));

        await host.TakenAsync(await host.SayAsync(record, "circle", "resume"));
        await host.World.SettleAsync();
        Assert.Equal("active active", await host.World.StateAsync("circle"));

        await host.TakenAsync(await host.SayAsync(record, "circle", "suspend", """, "cause": "payment" """));
        await host.World.SettleAsync();
        Assert.Equal("suspended payment suspended", await host.World.StateAsync("circle"));
    }

    [Fact]
    public async Task The_same_event_twice_is_done_once_even_if_somebody_undid_it_meanwhile()
    {
        await host.ActiveAsync("twice");
        var record = host.NextRecord();
        var first = await host.TakenAsync(await host.SayAsync(record, "twice", "suspend"));
        await host.World.SettleAsync();
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "twice", "resume"));
        await host.World.SettleAsync();

        // Odoo sends the record on every write, whatever was written.
        var again = await host.TakenAsync(await host.SayAsync(record, "twice", "suspend", """, "reason": "another word" """));
        await host.World.SettleAsync();

        Assert.Equal(first.GetProperty("job").GetString(), again.GetProperty("job").GetString());
        Assert.Equal("active active", await host.World.StateAsync("twice"));
        Assert.Equal(["repeated", "taken", "taken"], (await host.DeliveriesAsync("tenant=twice")).Select(d => d.GetProperty("state").GetString()));

        await host.TakenAsync(await host.SayAsync(record, "twice", "suspend", """, "event_key": "2" """));
        Assert.StartsWith("suspended operator", await host.World.StateAsync("twice"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Twenty_at_once_are_done_once()
    {
        await host.ActiveAsync("storm");
        var record = host.NextRecord();
        var answers = await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ => await host.TakenAsync(await host.SayAsync(record, "storm", "back_up"))));
        Assert.Single(answers.Select(a => a.GetProperty("job").GetString()).Distinct());
        Assert.Equal(1, await host.Api.ScalarAsync<long>("select count(*) from control.jobs where tenant_code = 'storm' and kind = 'backup'"));
    }

    [Fact]
    public async Task Who_asks_for_a_backup_later_gets_another_one()
    {
        await host.ActiveAsync("saved");
        var record = host.NextRecord();
        var first = await host.TakenAsync(await host.SayAsync(record, "saved", "back_up"));
        await host.Api.ExecuteAsync("update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = 'saved' and kind = 'backup'");
        var soon = await host.TakenAsync(await host.SayAsync(record, "saved", "Back Up"));
        await host.Api.ExecuteAsync("update control.webhook_events set received_at = now() - interval '11 minutes' where topic = 'backup'");
        var later = await host.TakenAsync(await host.SayAsync(record, "saved", "back-up"));
        Assert.Equal(first.GetProperty("job").GetString(), soon.GetProperty("job").GetString());
        Assert.NotEqual(first.GetProperty("job").GetString(), later.GetProperty("job").GetString());
    }

    [Fact]
    public async Task A_plan_is_changed_and_one_that_does_not_exist_is_named_as_the_record_names_it()
    {
        await host.ActiveAsync("dearer");
        var record = host.NextRecord();
        await host.TakenAsync(await host.SayAsync(record, "dearer", "change_plan", """, "x_studio_plan": "pro", "period": "yearly" """));
        Assert.Equal("change-plan pro", await host.World.OrdersAsync("dearer"));
        Assert.Equal("pro yearly", await host.Api.ScalarAsync<string>("select plan || ' ' || period from control.subscriptions where tenant = 'dearer'"));
        using var none = await host.SayAsync(record, "dearer", "change_plan", """, "x_studio_plan": "platinum" """);
        ProblemAssert.Names(await ProblemAssert.IsAsync(none, HttpStatusCode.UnprocessableEntity, "invalid-command"), "x_studio_plan", "There is no plan 'platinum'");
        using var missing = await host.SayAsync(record, "dearer", "change_plan");
        ProblemAssert.Names(await ProblemAssert.IsAsync(missing, HttpStatusCode.UnprocessableEntity, "invalid-command"), "plan", "choose the field plan (or x_plan)");
    }

    [Theory]
    [InlineData("ends-later", "", "active active", true)]
    [InlineData("ends-day", """, "when": "2930-01-31" """, "active active", true)]
    [InlineData("ends-now", """, "when": "now" """, "cancelled terminating", true)]
    [InlineData("ends-bare", """, "when": "Now", "without_backup": true """, "cancelled terminating", false)]
    [InlineData("ends-past", """, "when": "2026-01-31 10:00:00" """, "cancelled terminating", true)]
    public async Task It_is_cancelled_at_the_end_of_its_period_unless_the_record_says_when(string code, string more, string state, bool keepsBackup)
    {
        await host.ActiveAsync(code);
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), code, "cancel", more));
        Assert.Equal(state, (await host.World.StateAsync(code)).Replace(" pending", string.Empty, StringComparison.Ordinal));
        Assert.True(await host.Api.ScalarAsync<bool>($"select cancel_at is not null from control.subscriptions where tenant = '{code}'"));
        Assert.Equal(keepsBackup, await host.Api.ScalarAsync<bool>($"select final_backup from control.subscriptions where tenant = '{code}'"));
    }

    [Fact]
    public async Task What_ended_is_refused_but_to_end_it_again_is_not()
    {
        await host.ActiveAsync("ended");
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "ended", "cancel", """, "when": "now" """));
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "ended", "cancel"));
        foreach (var asked in new[] { "suspend", "resume" })
        {
            using var refused = await host.SayAsync(host.NextRecord(), "ended", asked);
            await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "subscription-ended");
        }
    }

    [Fact]
    public async Task A_domain_is_added_once_whoever_asks_and_again_when_it_has_failed()
    {
        await host.ActiveAsync("named");
        var record = host.NextRecord();
        var first = await host.TakenAsync(await host.SayAsync(record, "named", "add_domain", """, "domain": "Shop.Example.com" """));
        var again = await host.TakenAsync(await host.SayAsync(host.NextRecord(), "named", "add_domain", """, "domain": "shop.example.com" """));
        Assert.Equal(first.GetProperty("job").GetString(), again.GetProperty("job").GetString());
        await host.Api.ExecuteAsync("update control.domains set state = 'failed' where name = 'shop.example.com'; update control.jobs set finished_at = now(), outcome = 'failed' where subject = 'shop.example.com'");
        var retried = await host.TakenAsync(await host.SayAsync(record, "named", "add_domain", """, "domain": "shop.example.com" """));
        Assert.NotEqual(first.GetProperty("job").GetString(), retried.GetProperty("job").GetString());
        using var wrong = await host.SayAsync(record, "named", "add_domain", """, "x_domain": "a b" """);
        ProblemAssert.Names(await ProblemAssert.IsAsync(wrong, HttpStatusCode.UnprocessableEntity, "invalid-command"), "x_domain", string.Empty);
    }

    [Fact]
    public async Task A_job_in_the_way_puts_a_suspension_off_and_loses_nothing()
    {
        await host.ActiveAsync("busy");
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "busy", "change_plan", """, "plan": "pro" """));
        var taken = await host.TakenAsync(await host.SayAsync(host.NextRecord(), "busy", "suspend"));
        Assert.Equal(JsonValueKind.Null, taken.GetProperty("job").ValueKind);
        Assert.Contains("later", taken.GetProperty("note").GetString(), StringComparison.Ordinal);
        await host.World.SettleAsync();
        Assert.Equal("suspended operator suspended", await host.World.StateAsync("busy"));
    }

    [Fact]
    public async Task A_mapping_says_which_field_means_what_and_which_words_mean_which_event()
    {
        await host.ActiveAsync("mapped");
        await host.TakenAsync(await host.PostAsync("""{"_action": "Put on hold(#12)", "_id": 1, "_model": "x_saas", "x_studio_instance": "mapped", "code": "other", "plan": 7}""", OdooEventsHost.MappedToken));
        Assert.Equal("suspend operator", await host.World.OrdersAsync("mapped"));
        await host.World.SettleAsync();
        var kept = (await host.DeliveriesAsync("caller=studio&state=taken"))[0];
        Assert.Contains("code, plan", kept.GetProperty("notes")[0].GetString(), StringComparison.Ordinal);
        Assert.Equal("(text)", kept.GetProperty("record").GetProperty("code").GetString());
        Assert.Equal("mapped", kept.GetProperty("record").GetProperty("x_studio_instance").GetString());

        // A field goes before the name of the rule; of two fields for one thing the empty one says nothing.
        await host.TakenAsync(await host.PostAsync(
            """{"_action": "Put on hold(#12)", "_id": 1, "_model": "x_saas", "x_studio_instance": "mapped", "x_studio_wish": "change_plan", "x_studio_formula": false, "x_plan_code": "pro"}""", OdooEventsHost.MappedToken));
        Assert.Equal("pro", await host.Api.ScalarAsync<string>("select plan from control.subscriptions where tenant = 'mapped'"));

        using var unknown = await host.PostAsync("""{"_action": "Explode(#1)", "_id": 1, "_model": "x_saas", "x_studio_instance": "mapped"}""", OdooEventsHost.MappedToken);
        ProblemAssert.Names(await ProblemAssert.IsAsync(unknown, HttpStatusCode.UnprocessableEntity, "invalid-command"), "_action", "must be one of create, suspend");
        var created = await host.TakenAsync(await host.PostAsync(
            """{"_action": "Create(#1)", "_id": 2, "_model": "x_saas", "x_studio_instance": "mapped-two", "x_customer": "C-7", "name": "Two", "offer": "odoo-shared"}""", OdooEventsHost.MappedToken));
        Assert.Equal("create", created.GetProperty("event").GetString());
        Assert.Equal("C-7", await host.Api.ScalarAsync<string>("select customer from control.tenants where code = 'mapped-two'"));
    }

    [Fact]
    public async Task A_console_that_is_bound_reaches_its_customers_tenants_only()
    {
        await host.ActiveAsync("bound-own", "c-reseller");
        await host.ActiveAsync("bound-other", "c-other");
        await host.ActiveAsync("bound-nobodys");
        var before = await host.Api.ScalarAsync<long>("select count(*) from control.jobs");
        var nobodys = await RefusalAsync("bound-missing");
        foreach (var code in new[] { "bound-other", "bound-nobodys" })
        {
            Assert.Equal(nobodys, (await RefusalAsync(code)).Replace(code, "bound-missing", StringComparison.Ordinal));
        }

        Assert.Equal(before, await host.Api.ScalarAsync<long>("select count(*) from control.jobs"));
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "bound-own", "back_up", token: OdooEventsHost.BoundToken));
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "bound-own", "add_domain", """, "domain": "bound.example.com" """, OdooEventsHost.BoundToken));
        foreach (var asked in new[] { "suspend", "resume", "change_plan" })
        {
            using var refused = await host.SayAsync(host.NextRecord(), "bound-own", asked, """, "plan": "pro" """, OdooEventsHost.BoundToken);
            await ProblemAssert.IsAsync(refused, HttpStatusCode.Forbidden, "forbidden");
        }

        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "bound-new", "create", """, "name": "New", "offer": "odoo-shared", "customer": "c-other" """, OdooEventsHost.BoundToken));
        Assert.Equal("c-reseller", await host.Api.ScalarAsync<string>("select customer from control.tenants where code = 'bound-new'"));
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "bound-own", "cancel", token: OdooEventsHost.BoundToken));
    }

    [Fact]
    public async Task A_console_asks_for_nothing_that_its_settings_do_not_allow()
    {
        await host.ActiveAsync("narrow");
        using var refused = await host.SayAsync(host.NextRecord(), "narrow", "cancel", """, "when": "now" """, OdooEventsHost.NarrowToken);
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.Forbidden, "forbidden");
        Assert.Contains("create, back_up", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        Assert.Equal("active active", await host.World.StateAsync("narrow"));
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "narrow", "back_up", token: OdooEventsHost.NarrowToken));
    }

    [Fact]
    public async Task A_tenant_that_changed_hands_is_not_given_away_by_a_repetition()
    {
        var record = host.NextRecord();
        const string More = """, "name": "Moved", "offer": "odoo-shared" """;
        await host.TakenAsync(await host.SayAsync(record, "handed", "create", More, OdooEventsHost.BoundToken));
        await host.Api.ExecuteAsync("update control.tenants set customer = 'c-other' where code = 'handed'");
        using var again = await host.SayAsync(record, "handed", "create", More, OdooEventsHost.BoundToken);
        await ProblemAssert.IsAsync(again, HttpStatusCode.Conflict, "code-taken");
    }

    private async Task<string> RefusalAsync(string code)
    {
        var said = new StringBuilder();
        foreach (var (asked, more) in new[] { ("cancel", ""), ("back_up", ""), ("add_domain", """, "domain": "idor.example.com" """) })
        {
            using var answer = await host.SayAsync(host.NextRecord(), code, asked, more, OdooEventsHost.BoundToken);
            var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
            said.Append(problem.GetProperty("detail").GetString());
        }

        return said.ToString();
    }
}
