using System.Net;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Tests.Usage;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Staging copies by the API: what becomes a job, what is shown, and what is refused.</summary>
public sealed class StagingTests(PostgresServer postgres, UsageHost fixture) : UsageWorld(postgres, fixture), IClassFixture<UsageHost>
{
    [Fact]
    public async Task A_copy_is_ordered_once_shown_extended_and_refreshed()
    {
        await AddAsync("shop", sql: null);

        using var first = await OrderAsync("shop", """{"masking": [{"table": "res_partner", "column": "email", "method": "email"}]}""", "c-1");
        using var again = await OrderAsync("shop", """{"masking": [{"table": "res_partner", "column": "email", "method": "email"}]}""", "c-1");
        using var second = await OrderAsync("shop", body: null);

        Assert.Equal(HttpStatusCode.Accepted, first.StatusCode);
        Assert.Equal(first.Headers.Location, again.Headers.Location);
        Assert.Equal("shop-staging", (await ApiHost.JsonAsync(first)).GetProperty("code").GetString());
        await ProblemAssert.IsAsync(second, HttpStatusCode.Conflict, "job-running");
        var (shown, tag) = await ShownAsync("shop");
        Assert.Equal(("shop-staging", "shop", "provisioning"), (Text(shown, "code"), Text(shown, "stagingOf"), Text(shown, "state")));
        Assert.Equal("email", shown.GetProperty("masking")[0].GetProperty("column").GetString());
        Assert.Equal(JsonValueKind.Null, shown.GetProperty("report").ValueKind);
        using var list = await Host.GetAsync("/api/tenants?stagingOf=shop");
        var item = (await ApiHost.JsonAsync(list)).GetProperty("items").EnumerateArray().Single();
        Assert.Equal(("shop-staging", "shop"), (Text(item, "code"), Text(item, "stagingOf")));
        Assert.Equal(0, await Host.ScalarAsync<long>("select count(*) from control.subscriptions where tenant = 'shop-staging'"));

        var day = DateTimeOffset.UtcNow.AddDays(2).ToString("O");
        using var extended = await ExtendAsync("shop", day, tag);
        Assert.Equal(HttpStatusCode.OK, extended.StatusCode);
        using var stale = await ExtendAsync("shop", day, tag);
        await ProblemAssert.IsAsync(stale, HttpStatusCode.PreconditionFailed, "stale");
        using var blind = await ExtendAsync("shop", day, tag: null);
        await ProblemAssert.IsAsync(blind, HttpStatusCode.PreconditionRequired, "precondition-required");

        await ActiveAsync("shop-staging");
        using var refreshed = await OrderAsync("shop", body: null);
        Assert.Equal(HttpStatusCode.Accepted, refreshed.StatusCode);
        Assert.Equal(("shop-staging", "restoring"), (Text(await ApiHost.JsonAsync(refreshed), "code"), Text((await ShownAsync("shop")).Shown, "state")));
    }

    [Fact]
    public async Task What_cannot_be_copied_is_refused_in_words()
    {
        await AddAsync("closed", sql: null);
        await AddAsync("source", sql: null);
        using (var made = await OrderAsync("source", """{"code": "own-copy"}"""))
        {
            Assert.Equal(HttpStatusCode.Accepted, made.StatusCode);
        }

        await ActiveAsync("own-copy");
        using var other = await OrderAsync("source", """{"code": "another"}""");
        Assert.Contains("has the staging copy 'own-copy' already", (await ProblemAssert.IsAsync(other, HttpStatusCode.UnprocessableEntity, "invalid-command")).GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var ofCopy = await OrderAsync("own-copy", body: null);
        await ProblemAssert.IsAsync(ofCopy, HttpStatusCode.Conflict, "tenant-not-active");
        await AddAsync("third", sql: null);
        using var taken = await OrderAsync("third", """{"code": "closed"}""");
        await ProblemAssert.IsAsync(taken, HttpStatusCode.Conflict, "code-taken");
        await Host.ExecuteAsync("update control.tenants set state = 'suspended' where code = 'closed'");
        using var suspended = await OrderAsync("closed", body: null);
        await ProblemAssert.IsAsync(suspended, HttpStatusCode.Conflict, "tenant-not-active");
        using var nobody = await OrderAsync("nobody-there", body: null);
        await ProblemAssert.IsAsync(nobody, HttpStatusCode.NotFound, "not-found");
        using var none = await Host.GetAsync("/api/tenants/closed/staging");
        await ProblemAssert.IsAsync(none, HttpStatusCode.NotFound, "not-found");
        using var late = await OrderAsync("third", $$"""{"expiresAt": "{{DateTimeOffset.UtcNow.AddDays(1000):O}}"}""");
        await ProblemAssert.IsAsync(late, HttpStatusCode.UnprocessableEntity, "invalid-command");
    }

    private Task<HttpResponseMessage> OrderAsync(string code, string? body, string? key = null) =>
        Host.SendAsync(HttpMethod.Post, $"/api/tenants/{code}/staging", ApiHost.ManagerToken, body, idempotencyKey: key);

    private Task<HttpResponseMessage> ExtendAsync(string code, string day, string? tag) =>
        Host.SendAsync(HttpMethod.Patch, $"/api/tenants/{code}/staging", ApiHost.ManagerToken, $$"""{"expiresAt": "{{day}}"}""", ifMatch: tag);

    private async Task<(JsonElement Shown, string Tag)> ShownAsync(string code)
    {
        using var answer = await Host.GetAsync($"/api/tenants/{code}/staging");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return (await ApiHost.JsonAsync(answer), answer.Headers.ETag!.Tag);
    }

    private Task ActiveAsync(string code) => Host.ExecuteAsync(
        $"""
        update control.jobs set finished_at = now(), outcome = 'succeeded' where tenant_code = '{code}' and finished_at is null;
        update control.tenants set state = 'active', activated_at = now() where code = '{code}'
        """);

    private static string? Text(JsonElement json, string name) => json.GetProperty(name).GetString();
}
