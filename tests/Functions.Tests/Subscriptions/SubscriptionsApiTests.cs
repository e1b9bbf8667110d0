using System.Net;
using System.Text.Json;
using Bibind.Functions.Ordering;
using Bibind.Functions.Queues.Billing;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests.Subscriptions;

/// <summary>Subscriptions and billing's messages as people see and change them.</summary>
public sealed class SubscriptionsApiTests(PostgresServer postgres) : IAsyncLifetime
{
    private ApiHost _host = null!;
    private SubscriptionWorld _world = null!;

    public async ValueTask InitializeAsync()
    {
        _host = new ApiHost(postgres) { Configure = services => services.AddSingleton<ISubscriptionOrdering, RecordedOrders>() };
        await _host.InitializeAsync();
        _world = new SubscriptionWorld(_host);
    }

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task An_order_by_the_api_opens_a_subscription_that_no_clock_drives()
    {
        await _host.OrderTenantAsync("ordered");
        var subscription = await GetAsync("/api/tenants/ordered/subscription");
        Assert.Equal("active", subscription.GetProperty("state").GetString());
        Assert.Equal(JsonValueKind.Null, subscription.GetProperty("paidUntil").ValueKind);
        var opened = Assert.Single((await GetAsync("/api/tenants/ordered/subscription/changes")).GetProperty("items").EnumerateArray());
        Assert.Equal(("opened", "order", "sales"), (Text(opened, "event"), Text(opened, "cause"), Text(opened, "who")));
    }

    [Fact]
    public async Task A_change_by_hand_needs_the_version_is_recorded_and_the_tenant_follows()
    {
        await _world.ActiveAsync("changed");
        using var read = await _host.GetAsync("/api/tenants/changed/subscription");
        var tag = read.Headers.ETag!.Tag;
        using var changed = await PatchAsync("changed", """{"plan": "pro", "period": "yearly", "paidUntil": "2030-01-31T00:00:00Z", "reason": "paid by cheque"}""", tag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, changed.Headers.ETag!.Tag);
        var subscription = await ApiHost.JsonAsync(changed);
        Assert.Equal(("pro", "yearly", 31), (Text(subscription, "plan"), Text(subscription, "period"), subscription.GetProperty("anchorDay").GetInt32()));
        Assert.NotEqual(JsonValueKind.Null, subscription.GetProperty("pending").ValueKind);
        Assert.Equal("change-plan pro", await _world.OrdersAsync("changed"));

        using var stale = await PatchAsync("changed", """{"plan": "starter", "reason": "x"}""", tag);
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
        using var blind = await PatchAsync("changed", """{"plan": "starter", "reason": "x"}""", null);
        await ProblemAssert.IsAsync(blind, HttpStatusCode.PreconditionRequired, "precondition-required");

        var last = (await GetAsync("/api/tenants/changed/subscription/changes")).GetProperty("items")[0];
        Assert.Equal(("changed", "api", "operator", "paid by cheque"), (Text(last, "event"), Text(last, "cause"), Text(last, "who"), Text(last, "reason")));
        Assert.Equal("starter", last.GetProperty("fields").GetProperty("plan").GetProperty("from").GetString());
    }

    [Theory]
    [InlineData("""{"plan": "nonesuch", "reason": "x"}""", "plan")]
    [InlineData("""{"plan": null, "reason": "x"}""", "plan")]
    [InlineData("""{"period": "weekly", "reason": "x"}""", "period")]
    [InlineData("""{"paidUntil": "2030-01-31T00:00:00", "reason": "x"}""", "paidUntil")]
    [InlineData("""{"paidUntil": "1030-01-31T00:00:00Z", "reason": "x"}""", "paidUntil")]
    [InlineData("""{"cancelAt": 7, "reason": "x"}""", "cancelAt")]
    [InlineData("""{"state": "active", "reason": "x"}""", "state")]
    [InlineData("""{"plan": "pro"}""", "reason")]
    public async Task A_wrong_field_of_a_change_is_named_and_changes_nothing(string json, string field)
    {
        await _world.ActiveAsync("wrong");
        using var answer = await PatchAsync("wrong", json, "*");
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
        Assert.Equal(1, await _host.ScalarAsync<int>("select version from control.subscriptions where tenant = 'wrong'"));
    }

    [Fact]
    public async Task Cancelled_for_a_moment_that_has_come_it_ends_and_cannot_be_changed_any_more()
    {
        await _world.ActiveAsync("ended");
        using var ended = await PatchAsync("ended", """{"cancelAt": "2026-01-01T00:00:00Z", "reason": "left"}""", "*");
        Assert.Equal("cancelled", Text(await ApiHost.JsonAsync(ended), "state"));
        Assert.Equal("cancelled terminating", (await _world.StateAsync("ended")).Replace(" pending", string.Empty, StringComparison.Ordinal));
        using var again = await PatchAsync("ended", """{"plan": "pro", "reason": "x"}""", "*");
        await ProblemAssert.IsAsync(again, HttpStatusCode.Conflict, "subscription-ended");
    }

    [Fact]
    public async Task Lists_filter_by_state_plan_and_customer()
    {
        await _world.ActiveAsync("one");
        await _world.ActiveAsync("two");
        await _world.SayAsync("two", 2, BillingTypes.PaymentFailed);
        await _host.ExecuteAsync("update control.tenants set customer = 'c-1' where code = 'one'");
        Assert.Equal("two", await TenantsAsync("state=past_due"));
        Assert.Equal("one", await TenantsAsync("customer=c-1"));
        Assert.Equal("two,one", await TenantsAsync("plan=starter"));
        Assert.Equal(string.Empty, await TenantsAsync("plan=pro"));
        using var wrong = await _host.GetAsync("/api/subscriptions?state=paid");
        await ProblemAssert.IsAsync(wrong, HttpStatusCode.BadRequest, "bad-query");
    }

    [Fact]
    public async Task What_cannot_be_applied_is_seen_corrected_replayed_and_given_up_and_nothing_vanishes()
    {
        await _world.ActiveAsync("parked");
        await _world.SayAsync("parked", 2, BillingTypes.PlanChanged, """{"plan": "prro"}""");
        await _world.SayAsync("parked", 3, BillingTypes.PaymentFailed, """{"reason": 7}""");
        await _world.SayAsync("parked", 4, BillingTypes.Paid);
        var items = (await GetAsync("/api/billing/messages?state=parked&tenant=parked")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(["parked-3", "parked-2"], items.Select(i => Text(i, "id")));
        Assert.Contains("billing.data.plan There is no plan 'prro'", Text(items[1], "reason"), StringComparison.Ordinal);
        Assert.Equal("invalid", Text(items[1], "cause"));

        using var corrected = await _host.SendAsync(HttpMethod.Put, "/api/billing/messages/parked-2", ApiHost.AdminToken, """{"data": {"plan": "pro"}, "reason": "misspelt"}""");
        Assert.Equal(HttpStatusCode.OK, corrected.StatusCode);

        // A repetition of what was wrong does not undo the correction.
        await _world.SayAsync("parked", 2, BillingTypes.PlanChanged, """{"plan": "prro"}""");
        using var replayed = await _host.SendAsync(HttpMethod.Post, "/api/billing/messages/parked-2/replay", ApiHost.AdminToken);
        var message = await ApiHost.JsonAsync(replayed);
        Assert.Equal("done", Text(message.GetProperty("message"), "state"));
        Assert.Equal("pro", await _host.ScalarAsync<string>("select plan from control.subscriptions where tenant = 'parked'"));
        Assert.Equal(["replay", "edit"], message.GetProperty("changes").EnumerateArray().Select(c => Text(c, "action")));
        Assert.Equal("prro", message.GetProperty("changes")[1].GetProperty("dataBefore").GetProperty("plan").GetString());

        using var unsaid = await _host.SendAsync(HttpMethod.Delete, "/api/billing/messages/parked-3", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(unsaid, HttpStatusCode.BadRequest, "bad-query");
        using var deleted = await _host.SendAsync(HttpMethod.Delete, "/api/billing/messages/parked-3?reason=noise", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Equal("deleted", await _world.MessageAsync("parked", 3));
        await _world.SayAsync("parked", 3, BillingTypes.PaymentFailed, """{"reason": 7}""");
        Assert.Equal("deleted", await _world.MessageAsync("parked", 3));

        foreach (var (method, path) in new[] { (HttpMethod.Post, "/api/billing/messages/parked-4/replay"), (HttpMethod.Delete, "/api/billing/messages/parked-4?reason=x") })
        {
            using var settled = await _host.SendAsync(method, path, ApiHost.AdminToken);
            await ProblemAssert.IsAsync(settled, HttpStatusCode.Conflict, "message-state");
        }

        using var none = await _host.SendAsync(HttpMethod.Post, "/api/billing/messages/none/replay", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(none, HttpStatusCode.NotFound, "not-found");
    }

    [Theory]
    [InlineData("""{"data": [], "reason": "x"}""", "data")]
    [InlineData("""{"data": null, "reason": "x"}""", "data")]
    [InlineData("""{"reason": "x"}""", "data")]
    [InlineData("""{"data": {}, "type": "subscription.exploded", "reason": "x"}""", "type")]
    [InlineData("""{"data": {}}""", "reason")]
    public async Task A_wrong_field_of_a_correction_is_named(string json, string field)
    {
        await _world.ActiveAsync("field");
        await _world.SayAsync("field", 2, BillingTypes.PlanChanged);
        using var answer = await _host.SendAsync(HttpMethod.Put, "/api/billing/messages/field-2", ApiHost.AdminToken, json);
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.UnprocessableEntity, "invalid-command");
        Assert.True(problem.GetProperty("errors").TryGetProperty(field, out _), problem.ToString());
    }

    private Task<HttpResponseMessage> PatchAsync(string tenant, string json, string? ifMatch) =>
        _host.SendAsync(HttpMethod.Patch, $"/api/tenants/{tenant}/subscription", ApiHost.AdminToken, json, ifMatch: ifMatch);

    private async Task<JsonElement> GetAsync(string path)
    {
        using var answer = await _host.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ApiHost.JsonAsync(answer);
    }

    private async Task<string> TenantsAsync(string query) =>
        string.Join(',', (await GetAsync($"/api/subscriptions?{query}")).GetProperty("items").EnumerateArray().Select(i => Text(i, "tenant")));

    private static string Text(JsonElement of, string name) => of.GetProperty(name).GetString() ?? string.Empty;
}
