using System.Net;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Webhooks;

/// <summary>What is refused of deliveries of an Odoo console, and what is kept of them.</summary>
public sealed class OdooDeliveriesTests(OdooEventsHost host) : IClassFixture<OdooEventsHost>
{
    [Theory]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": 7}""", 422, "code", "bare id")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": ["a"]}""", 422, "code", "list")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": {"a": {"b": {}}}}""", 422, "code", "object")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": "A B"}""", 422, "code", "code of a tenant")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend"}""", 422, "code", "is missing")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": "a", "code": "b"}""", 422, "code", "more than once")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": false, "code": "wrong"}""", 422, "event", "is empty on this record")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": 12, "code": "wrong"}""", 422, "event", "bare id")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "explode", "code": "wrong"}""", 422, "event", "must be one of")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": "wrong", "cause": "mood"}""", 422, "cause", "payment or operator")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "cancel", "code": "wrong", "when": "soon"}""", 422, "when", "period_end")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "cancel", "code": "wrong", "when": "1026-01-01"}""", 422, "when", "period_end")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "cancel", "code": "wrong", "without_backup": "yes"}""", 422, "without_backup", "Checkbox")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "change_plan", "code": "wrong", "plan": "pro", "period": "weekly"}""", 422, "period", "monthly or yearly")]
    [InlineData("""{"_action": "x(#1)", "_id": 5, "_model": "m", "event": "suspend", "code": "\u0000"}""", 422, "code", "control characters")]
    public async Task What_is_wrong_with_a_record_is_named_and_kept(string json, int status, string field, string words)
    {
        using var answer = await host.PostAsync(json);
        ProblemAssert.Names(await ProblemAssert.IsAsync(answer, (HttpStatusCode)status, "invalid-command"), field, words);
        var kept = (await host.DeliveriesAsync("state=refused&caller=console"))[0];
        Assert.Contains(words, kept.GetProperty("errors").GetProperty(field)[0].GetString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_refused_is_kept_and_logged_with_its_reason_and_without_persons_and_secrets()
    {
        using var refused = await host.SayAsync(host.NextRecord(), "no-such-tenant", "suspend",
            """, "customer_name": "Jane Doe", "customer_email": "jane@acme.example", "callback_url": "https://hook.example/secret-path?key=secret-key", "api_key": "secret-word", "plan": "https://u:secret@x/webhooks/odoo/secret", "note": "Jane called" """);
        await ProblemAssert.IsAsync(refused, HttpStatusCode.NotFound, "not-found");
        var kept = (await host.DeliveriesAsync("state=refused&tenant=no-such-tenant&event=suspend&caller=console")).Single();
        Assert.Equal(("refused", 404, "saas.instance"), (kept.GetProperty("state").GetString(), kept.GetProperty("status").GetInt32(), kept.GetProperty("model").GetString()));
        Assert.Contains("There is no tenant with this code", kept.GetProperty("reason").GetString(), StringComparison.Ordinal);
        Assert.Equal("(text)", kept.GetProperty("record").GetProperty("customer_email").GetString());
        Assert.DoesNotContain("secret", kept.ToString(), StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("jane", kept.ToString(), StringComparison.OrdinalIgnoreCase);
        var lines = host.Api.Logs.Text.Split('\n');
        Assert.Contains(lines, l => l.Contains("that asked for suspend", StringComparison.Ordinal) && l.Contains("There is no tenant with this code", StringComparison.Ordinal));
        Assert.DoesNotContain(lines, l => l.Contains("secret-word", StringComparison.Ordinal) || l.Contains(ApiHost.WebhookToken, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Hostile_bodies_are_refused_and_what_is_kept_of_them_is_small()
    {
        var deep = string.Concat(Enumerable.Repeat("""{"a":""", 30)) + "1" + new string('}', 30);
        var wide = OdooEventsHost.Record(host.NextRecord(), "wide", "suspend", string.Concat(Enumerable.Range(0, 2000).Select(i => $", \"f{i}\": 1, \"code\": \"x\"")));
        var large = OdooEventsHost.Record(host.NextRecord(), "large", "suspend", $", \"x\": \"{new string('x', 70_000)}\"");
        foreach (var (json, status) in new[] { (deep, 400), (wide, 422), (large, 413), ("[]", 400), ("7", 400), ("", 400), ("{\"a\":\"\\ud800\"}", 422) })
        {
            using var answer = await host.PostAsync(json);
            Assert.Equal((json[..Math.Min(json.Length, 20)], status), (json[..Math.Min(json.Length, 20)], (int)answer.StatusCode));
        }

        Assert.InRange(await host.Api.ScalarAsync<int>("select max(pg_column_size(l.*)) from control.webhook_log l"), 1, 20_000);
    }

    [Fact]
    public async Task What_was_kept_for_long_enough_is_forgotten_by_the_timer()
    {
        await host.ActiveAsync("purged");
        await host.TakenAsync(await host.SayAsync(host.NextRecord(), "purged", "suspend"));
        await host.Api.ExecuteAsync(
            """
            update control.webhook_log set received_at = now() - interval '31 days' where tenant = 'purged';
            insert into control.webhook_log (received_at, caller, state, status, tenant) select now() - interval '31 days', 'old', 'taken', 202, 'purged' from generate_series(1, 2500);
            update control.webhook_events set received_at = now() - interval '31 days';
            update control.tenants set state = 'terminated', ended_at = now() where code = 'purged';
            """);
        Assert.Empty(await host.DeliveriesAsync("tenant=purged"));
        await ActivatorUtilities.CreateInstance<PurgeRecords>(host.Api.Services).RunAsync(new TimerTick("purgeRecords", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);
        Assert.Equal(0, await host.Api.ScalarAsync<long>("select count(*) from control.webhook_log where tenant = 'purged'"));
        Assert.Equal(0, await host.Api.ScalarAsync<long>("select count(*) from control.webhook_events e join control.tenants t on t.id = e.tenant_id where t.code = 'purged'"));
    }

    [Fact]
    public async Task A_wrong_filter_is_named()
    {
        using var answer = await host.Api.GetAsync("/api/webhooks/deliveries?state=lost&event=explode&colour=red", ApiHost.ManagerToken);
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "bad-query");
        Assert.Equal(["colour", "event", "state"], problem.GetProperty("errors").EnumerateObject().Select(e => e.Name).Order(StringComparer.Ordinal));
    }
}
