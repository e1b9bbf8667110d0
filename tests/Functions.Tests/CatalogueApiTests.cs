using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary><c>/api/offers</c> and <c>/api/plans</c>: added once, changed by version, closed, removed, with everything on record.</summary>
public sealed class CatalogueApiTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Plan =
        """
        {"code": "CODE", "name": "Plan", "pricePeriod": "monthly", "backupSchedule": "daily", "retentionDaily": 7, "retentionWeekly": 0,
         "retentionMonthly": 0, "graceDays": 7, "userLimit": 5, "reason": "for the tests"}
        """;

    private const string Offer =
        """{"code": "CODE", "name": "Offer", "application": "odoo", "delivery": "shared", "defaultPlan": "starter", "defaultTemplate": "blank", "databasePattern": "{subdomain}"}""";

    [Fact]
    public async Task An_addition_is_answered_once_for_its_idempotency_key()
    {
        using var first = await PostAsync("plans", Plan.Replace("CODE", "once", StringComparison.Ordinal), "key-once");
        Assert.Equal((HttpStatusCode.Created, "/api/plans/once", "\"1\""), (first.StatusCode, first.Headers.Location!.OriginalString, first.Headers.ETag!.Tag));
        var plan = await ApiHost.JsonAsync(first);
        Assert.Equal((1, "operator", "for the tests", true), (plan.GetProperty("version").GetInt32(), plan.GetProperty("changedBy").GetString(), plan.GetProperty("reason").GetString(), plan.GetProperty("active").GetBoolean()));

        using var again = await PostAsync("plans", Plan.Replace("CODE", "once", StringComparison.Ordinal), "key-once");
        Assert.Equal((HttpStatusCode.Created, "true"), (again.StatusCode, again.Headers.GetValues("Idempotency-Replayed").Single()));
        Assert.Equal(plan.ToString(), (await ApiHost.JsonAsync(again)).ToString());
        using var other = await PostAsync("plans", Plan.Replace("CODE", "another", StringComparison.Ordinal), "key-once");
        await ProblemAssert.IsAsync(other, HttpStatusCode.UnprocessableEntity, "idempotency-key-reused");
        using var taken = await PostAsync("plans", Plan.Replace("CODE", "once", StringComparison.Ordinal));
        await ProblemAssert.IsAsync(taken, HttpStatusCode.Conflict, "plan-code-taken");
        Assert.Equal(1, (await VersionsAsync("plans", "once")).GetProperty("total").GetInt32());
    }

    [Fact]
    public async Task Of_many_equal_additions_at_once_one_is_made()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => PostAsync("offers", Offer.Replace("CODE", "crowd", StringComparison.Ordinal), i < 4 ? "key-crowd" : null)));
        Assert.InRange(answers.Count(a => a.StatusCode == HttpStatusCode.Created && !a.Headers.Contains("Idempotency-Replayed")), 1, 1);
        Assert.All(answers, a => Assert.Contains(a.StatusCode, new[] { HttpStatusCode.Created, HttpStatusCode.Conflict }));
        Array.ForEach(answers, a => a.Dispose());
    }

    [Fact]
    public async Task A_change_needs_the_version_that_was_read_and_makes_the_next()
    {
        using var created = await PostAsync("offers", Offer.Replace("CODE", "versions", StringComparison.Ordinal));
        using var blind = await PatchAsync("offers/versions", """{"name": "x", "reason": "blind"}""", null);
        await ProblemAssert.IsAsync(blind, HttpStatusCode.PreconditionRequired, "precondition-required");
        using var changed = await PatchAsync("offers/versions", """{"name": "Second", "region": "eu-west", "labels": ["nvme"], "size": 2, "reason": "moved"}""", created.Headers.ETag);
        Assert.Equal((HttpStatusCode.OK, "\"2\""), (changed.StatusCode, changed.Headers.ETag!.Tag));
        using var late = await PatchAsync("offers/versions", """{"name": "Third", "reason": "too late"}""", created.Headers.ETag);
        await ProblemAssert.IsAsync(late, HttpStatusCode.PreconditionFailed, "stale");
        Assert.Equal("\"2\"", late.Headers.ETag!.Tag);
        using var same = await PatchAsync("offers/versions", """{"name": "Second", "reason": "nothing"}""", EntityTagHeaderValue.Any);
        Assert.Equal("\"2\"", same.Headers.ETag!.Tag);
        using var emptied = await PatchAsync("offers/versions", """{"region": null, "size": null, "reason": "anywhere"}""", EntityTagHeaderValue.Any);
        var offer = await ApiHost.JsonAsync(emptied);
        Assert.Equal((3, JsonValueKind.Null, "Second", "nvme"), (offer.GetProperty("version").GetInt32(), offer.GetProperty("region").ValueKind, offer.GetProperty("name").GetString(), offer.GetProperty("labels")[0].GetString()));

        var versions = (await VersionsAsync("offers", "versions")).GetProperty("items").EnumerateArray().ToList();
        Assert.Equal([(3, "anywhere"), (2, "moved"), (1, "added")], versions.Select(v => (v.GetProperty("version").GetInt32(), v.GetProperty("reason").GetString()!)));
        Assert.All(versions, v => Assert.Equal("operator", v.GetProperty("changedBy").GetString()));
    }

    [Fact]
    public async Task Every_wrong_field_is_named()
    {
        using var plan = await PostAsync(
            "plans",
            """
            {"code": "Bad Code", "name": "", "pricePeriod": "weekly", "backupSchedule": "hourly", "retentionDaily": -1, "retentionWeekly": 0, "retentionMonthly": "many",
             "userLimit": 0, "storageQuotaBytes": -5, "region": "Europe", "labels": ["A"], "size": 0, "colour": "red", "reason": " "}
            """);
        var problem = await ProblemAssert.IsAsync(plan, HttpStatusCode.UnprocessableEntity, "invalid-command");
        foreach (var field in new[] { "code", "name", "pricePeriod", "backupSchedule", "retentionDaily", "retentionMonthly", "graceDays", "userLimit", "storageQuotaBytes", "region", "labels", "size", "colour", "reason" })
        {
            ProblemAssert.Names(problem, field, string.Empty);
        }

        using var offer = await PostAsync("offers", """{"code": "x1", "name": "x", "application": "word", "delivery": "post", "defaultPlan": "", "defaultTemplate": "", "databasePattern": "all"}""");
        problem = await ProblemAssert.IsAsync(offer, HttpStatusCode.UnprocessableEntity, "invalid-command");
        foreach (var field in new[] { "application", "delivery", "defaultPlan", "defaultTemplate", "databasePattern" })
        {
            ProblemAssert.Names(problem, field, string.Empty);
        }

        using var unknown = await PostAsync("offers", Offer.Replace("CODE", "x1", StringComparison.Ordinal).Replace("starter", "none", StringComparison.Ordinal).Replace("blank", "none", StringComparison.Ordinal));
        problem = await ProblemAssert.IsAsync(unknown, HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, "defaultPlan", "There is no plan");
        ProblemAssert.Names(problem, "defaultTemplate", "There is no template");
        using var change = await PatchAsync("plans/enterprise", """{"name": null, "graceDays": 1000}""", EntityTagHeaderValue.Any);
        problem = await ProblemAssert.IsAsync(change, HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, "name", "must not be null");
        ProblemAssert.Names(problem, "graceDays", "366");
        ProblemAssert.Names(problem, "reason", "is missing");
    }

    [Fact]
    public async Task An_old_tenant_keeps_its_terms_and_a_closed_plan_takes_no_order()
    {
        using var created = await PostAsync("plans", Plan.Replace("CODE", "terms", StringComparison.Ordinal));
        using var order = await host.OrderAsync(ApiHost.Order("terms-old", more: ", \"plan\": \"terms\""));
        Assert.Equal(HttpStatusCode.Accepted, order.StatusCode);
        using var changed = await PatchAsync("plans/terms", """{"userLimit": 1, "active": false, "reason": "no longer sold"}""", created.Headers.ETag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);

        using var refused = await host.OrderAsync(ApiHost.Order("terms-new", more: ", \"plan\": \"terms\""));
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.Conflict, "plan-closed");
        ProblemAssert.Names(problem, "plan", "closed for new orders");
        using var answer = await host.GetAsync("/api/tenants/terms-old");
        var tenant = await ApiHost.JsonAsync(answer);
        Assert.Equal(("terms", 1, 1), (tenant.GetProperty("plan").GetString(), tenant.GetProperty("planVersion").GetInt32(), tenant.GetProperty("offerVersion").GetInt32()));

        using var removal = await SendAsync(HttpMethod.Delete, "/api/plans/terms?reason=tidy", null, null);
        await ProblemAssert.IsAsync(removal, HttpStatusCode.Conflict, "plan-in-use");
        using var open = await host.GetAsync("/api/plans?active=true");
        Assert.DoesNotContain("terms", (await ApiHost.JsonAsync(open)).GetProperty("items").EnumerateArray().Select(p => p.GetProperty("code").GetString()));
    }

    [Fact]
    public async Task What_nobody_has_is_removed_and_its_versions_stay_on_record()
    {
        using var created = await PostAsync("offers", Offer.Replace("CODE", "leaving", StringComparison.Ordinal));
        using var silent = await SendAsync(HttpMethod.Delete, "/api/offers/leaving", null, null);
        await ProblemAssert.IsAsync(silent, HttpStatusCode.BadRequest, "bad-query");
        using var stale = await SendAsync(HttpMethod.Delete, "/api/offers/leaving?reason=x", null, new EntityTagHeaderValue("\"7\""));
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
        using var removed = await SendAsync(HttpMethod.Delete, "/api/offers/leaving?reason=unsold", null, created.Headers.ETag);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var gone = await host.GetAsync("/api/offers/leaving");
        await ProblemAssert.IsAsync(gone, HttpStatusCode.NotFound, "not-found");
        Assert.Equal("unsold", (await VersionsAsync("offers", "leaving")).GetProperty("items")[0].GetProperty("reason").GetString());
        using var never = await host.GetAsync("/api/offers/never/versions");
        await ProblemAssert.IsAsync(never, HttpStatusCode.NotFound, "not-found");
    }

    private async Task<JsonElement> VersionsAsync(string what, string code)
    {
        using var answer = await host.GetAsync($"/api/{what}/{code}/versions");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ApiHost.JsonAsync(answer);
    }

    private Task<HttpResponseMessage> PostAsync(string what, string body, string? key = null) =>
        host.SendAsync(HttpMethod.Post, $"/api/{what}", ApiHost.AdminToken, body, key);

    private Task<HttpResponseMessage> PatchAsync(string what, string body, EntityTagHeaderValue? tag) => SendAsync(HttpMethod.Patch, $"/api/{what}", body, tag);

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, EntityTagHeaderValue? tag)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.AdminToken);
        if (tag is not null)
        {
            request.Headers.IfMatch.Add(tag);
        }

        return await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
