using System.Net;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Tests.Usage;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Suspending, opening and changing plans by the API: what becomes a job, once, and what is refused.</summary>
public sealed class SuspensionsTests(PostgresServer postgres, UsageHost fixture) : UsageWorld(postgres, fixture), IClassFixture<UsageHost>
{
    private const string Suspension = """{"cause": "payment", "reason": "invoice 7"}""";

    [Fact]
    public async Task A_tenant_is_suspended_once_and_at_once()
    {
        await AddAsync("once", sql: null);

        using var first = await PostAsync("once", "suspend", Suspension, "s-1");
        using var again = await PostAsync("once", "suspend", Suspension, "s-1");
        using var second = await PostAsync("once", "suspend", Suspension);

        Assert.Equal((HttpStatusCode.Accepted, first.Headers.Location), (again.StatusCode, again.Headers.Location));
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running");
        using var shown = await Host.GetAsync("/api/tenants/once");
        var tenant = await ApiHost.JsonAsync(shown);
        Assert.Equal(("suspended", "payment"), (tenant.GetProperty("state").GetString(), tenant.GetProperty("suspension").GetProperty("cause").GetString()));
        await EndJobsAsync("once");
        using var already = await PostAsync("once", "suspend", Suspension);
        await ProblemAssert.IsAsync(already, HttpStatusCode.Conflict, "already-suspended");
        using var modules = await Host.GetAsync("/api/tenants/once/modules");
        Assert.Equal(HttpStatusCode.Conflict, modules.StatusCode);
        using var resumed = await PostAsync("once", "resume", """{"reason": "paid"}""");
        Assert.Equal(HttpStatusCode.Accepted, resumed.StatusCode);
    }

    [Fact]
    public async Task A_plan_is_changed_at_once_and_what_is_exceeded_is_said()
    {
        await AddAsync("dearer", sql: null);
        await Host.ExecuteAsync("update control.tenants set users = 9999, storage_bytes = 99999999999999 where code = 'dearer'");

        using var changed = await PostAsync("dearer", "change-plan", """{"plan": "pro", "reason": "upsell"}""");
        Assert.Equal(HttpStatusCode.Accepted, changed.StatusCode);
        using var shown = await Host.GetAsync("/api/tenants/dearer");
        Assert.Equal("pro", (await ApiHost.JsonAsync(shown)).GetProperty("plan").GetString());
        var job = changed.Headers.Location!.OriginalString.Split('/')[^1];
        var input = (await Host.Tasks.GetInstanceAsync(job, getInputsAndOutputs: true, TestContext.Current.CancellationToken))!.SerializedInput!;
        Assert.Contains("internal users", input, StringComparison.Ordinal);
        Assert.Contains("bytes", input, StringComparison.Ordinal);
        await EndJobsAsync("dearer");

        using var same = await PostAsync("dearer", "change-plan", """{"plan": "pro", "reason": "again"}""");
        await ProblemAssert.IsAsync(same, HttpStatusCode.Conflict, "same-plan");
        using var unknown = await PostAsync("dearer", "change-plan", """{"plan": "platinum", "reason": "?"}""");
        await ProblemAssert.IsAsync(unknown, HttpStatusCode.UnprocessableEntity, "unknown-plan");
        using var open = await PostAsync("dearer", "resume", "{}");
        await ProblemAssert.IsAsync(open, HttpStatusCode.Conflict, "not-suspended");
        using var nobody = await PostAsync("nobody-there", "suspend", Suspension);
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, "not-found");
    }

    private Task<HttpResponseMessage> PostAsync(string code, string what, string body, string? key = null) =>
        Host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/{what}", ApiHost.ManagerToken, body, idempotencyKey: key);

    private Task EndJobsAsync(string code) =>
        Host.ExecuteAsync($"update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null");
}
