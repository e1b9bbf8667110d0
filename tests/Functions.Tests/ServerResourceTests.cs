using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Bibind.Functions.Tests.Hosting;
using Bibind.Local;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Servers as a resource: changed by version, drained, taken out of service, removed, with everything on record.</summary>
public sealed class ServerResourceTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static int s_urls;

    [Fact]
    public async Task A_change_needs_the_version_that_was_read_and_answers_the_next()
    {
        var tag = await CreateAsync("versions");
        using var blind = await PatchAsync("versions", """{"name": "Blind", "reason": "no version"}""", null);
        var needed = await ProblemAssert.IsAsync(blind, HttpStatusCode.PreconditionRequired, "precondition-required");
        Assert.Contains("ETag", needed.GetProperty("detail").GetString(), StringComparison.Ordinal);

        using var changed = await PatchAsync("versions", """{"name": "Second", "region": "eu-west", "labels": ["nvme"], "description": "x", "reason": "moved"}""", tag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var server = await ApiHost.JsonAsync(changed);
        Assert.Equal(("Second", "eu-west", "nvme"), (server.GetProperty("name").GetString(), server.GetProperty("region").GetString(), server.GetProperty("labels")[0].GetString()));
        Assert.NotEqual(tag, changed.Headers.ETag);

        using var late = await PatchAsync("versions", """{"name": "Third", "reason": "too late"}""", tag);
        await ProblemAssert.IsAsync(late, HttpStatusCode.PreconditionFailed, "stale");
        Assert.Equal(changed.Headers.ETag, late.Headers.ETag);
        using var weak = await PatchAsync("versions", """{"name": "Third", "reason": "weak"}""", new EntityTagHeaderValue(changed.Headers.ETag!.Tag, isWeak: true));
        await ProblemAssert.IsAsync(weak, HttpStatusCode.PreconditionFailed, "stale");

        using var emptied = await PatchAsync("versions", """{"region": null, "description": null, "reason": "emptied"}""", changed.Headers.ETag);
        var empty = await ApiHost.JsonAsync(emptied);
        Assert.Equal((JsonValueKind.Null, JsonValueKind.Null, "Second"), (empty.GetProperty("region").ValueKind, empty.GetProperty("description").ValueKind, empty.GetProperty("name").GetString()));
        using var kept = await PatchAsync("versions", """{"url": null, "reason": "cannot be empty"}""", emptied.Headers.ETag);
        ProblemAssert.Names(await ProblemAssert.IsAsync(kept, HttpStatusCode.UnprocessableEntity, "invalid-command"), "url", "must not be null");
    }

    [Fact]
    public async Task A_header_that_is_no_version_is_refused()
    {
        await CreateAsync("tags");
        using var request = Request(HttpMethod.Patch, "/api/servers/tags", """{"name": "x", "reason": "x"}""");
        request.Headers.TryAddWithoutValidation("If-Match", "no quotes");
        using var answer = await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(answer, HttpStatusCode.BadRequest, "unreadable-request");
    }

    [Fact]
    public async Task An_active_server_is_not_led_to_an_address_that_does_not_work()
    {
        await CreateAsync("working");
        await ActivateAsync("working");
        using var refused = await PatchAsync("working", $$"""{"databasePort": {{FreePorts.Next()}}, "reason": "typo"}""", EntityTagHeaderValue.Any);
        var problem = await ProblemAssert.IsAsync(refused, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
        Assert.Contains("Nothing listens", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);

        await PostAsync("working", "maintenance", "moving it");
        using var changed = await PatchAsync("working", $$"""{"databasePort": {{FreePorts.Next()}}, "reason": "moving it"}""", EntityTagHeaderValue.Any);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        using var activation = await host.SendAsync(HttpMethod.Post, "/api/servers/working/activate", ApiHost.AdminToken, """{"skipApplicationTest": true, "reason": "back"}""");
        await ProblemAssert.IsAsync(activation, HttpStatusCode.UnprocessableEntity, "connection-test-failed");
    }

    [Fact]
    public async Task Every_step_of_a_servers_life_is_on_record_with_who_and_why()
    {
        await CreateAsync("recorded");
        await ActivateAsync("recorded");
        Assert.True((await PostAsync("recorded", "drain", "to be replaced")).GetProperty("draining").GetBoolean());
        Assert.False((await PostAsync("recorded", "undrain", "kept after all")).GetProperty("draining").GetBoolean());
        Assert.Equal("maintenance", (await PostAsync("recorded", "maintenance", "new kernel")).GetProperty("state").GetString());
        Assert.Equal("disabled", (await PostAsync("recorded", "deactivate", "too old")).GetProperty("state").GetString());

        using var answer = await host.GetAsync("/api/servers/recorded/changes");
        var record = (await ApiHost.JsonAsync(answer)).GetProperty("items").EnumerateArray()
            .Select(c => (c.GetProperty("action").GetString(), c.GetProperty("changedBy").GetString(), c.GetProperty("reason").GetString())).ToList();
        Assert.Equal(
            [("state", "operator", "too old"), ("state", "operator", "new kernel"), ("end-drain", "operator", "kept after all"), ("drain", "operator", "to be replaced")],
            record.Take(4));
        Assert.Equal(("create", "operator", "registered"), record[^1]);

        using var again = await host.SendAsync(HttpMethod.Post, "/api/servers/recorded/activate", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(again, HttpStatusCode.Conflict, "server-state");
    }

    [Fact]
    public async Task A_server_with_tenants_lists_them_and_is_neither_deactivated_nor_removed()
    {
        await host.OrderTenantAsync("resident");
        using var listed = await host.GetAsync($"/api/servers/{ApiHost.Server}/tenants?state=provisioning");
        Assert.Contains((await ApiHost.JsonAsync(listed)).GetProperty("items").EnumerateArray(), t => t.GetProperty("code").GetString() == "resident");

        using var deactivated = await host.SendAsync(HttpMethod.Post, $"/api/servers/{ApiHost.Server}/deactivate", ApiHost.AdminToken, """{"reason": "old"}""");
        await ProblemAssert.IsAsync(deactivated, HttpStatusCode.Conflict, "server-in-use");
        using var removed = await host.SendAsync(HttpMethod.Delete, $"/api/servers/{ApiHost.Server}?reason=old", ApiHost.AdminToken);
        await ProblemAssert.IsAsync(removed, HttpStatusCode.Conflict, "server-in-use");
        using var reasonless = await host.SendAsync(HttpMethod.Delete, $"/api/servers/{ApiHost.Server}", ApiHost.AdminToken);
        ProblemAssert.Names(await ProblemAssert.IsAsync(reasonless, HttpStatusCode.BadRequest, "bad-query"), "reason", "is missing");
    }

    [Fact]
    public async Task A_removed_server_is_not_found_and_its_code_is_free()
    {
        var tag = await CreateAsync("sold");
        using var stale = new HttpRequestMessage(HttpMethod.Delete, "/api/servers/sold?reason=x");
        stale.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.AdminToken);
        stale.Headers.IfMatch.Add(new EntityTagHeaderValue("\"another\""));
        using var refused = await host.Client.SendAsync(stale, TestContext.Current.CancellationToken);
        await ProblemAssert.IsAsync(refused, HttpStatusCode.PreconditionFailed, "stale");

        using var removed = await host.SendAsync(HttpMethod.Delete, "/api/servers/sold?reason=sold", ApiHost.AdminToken);
        Assert.Equal(HttpStatusCode.NoContent, removed.StatusCode);
        using var gone = await host.GetAsync("/api/servers/sold");
        await ProblemAssert.IsAsync(gone, HttpStatusCode.NotFound, "not-found");
        Assert.NotEqual(tag, await CreateAsync("sold"));
    }

    [Fact]
    public async Task The_best_server_says_who_was_passed_over_and_the_list_can_be_narrowed()
    {
        await CreateAsync("quiet", s => s["region"] = "ap-south");
        await ActivateAsync("quiet");
        using var best = await host.GetAsync("/api/servers/best?minCapacityPercent=20&region=ap-south");
        var found = await ApiHost.JsonAsync(best);
        Assert.Equal("quiet", found.GetProperty("server").GetProperty("code").GetString());
        Assert.Contains(found.GetProperty("passedOver").EnumerateArray(), p => p.GetProperty("server").GetString() == ApiHost.Server && p.GetProperty("reason").GetString() == "has no region");

        using var none = await host.GetAsync("/api/servers/best?region=ap-south&size=1000");
        var problem = await ProblemAssert.IsAsync(none, HttpStatusCode.NotFound, "not-found");
        Assert.Contains("quiet has 100 of 100 places free", problem.GetProperty("detail").GetString(), StringComparison.Ordinal);
        using var bad = await host.GetAsync("/api/servers/best?minCapacityPercent=101&labels=A%20B");
        ProblemAssert.Names(await ProblemAssert.IsAsync(bad, HttpStatusCode.BadRequest, "bad-query"), "minCapacityPercent", "from 0 to 100");

        using var listed = await host.GetAsync("/api/servers?region=ap-south&state=active&pageSize=1");
        var page = await ApiHost.JsonAsync(listed);
        Assert.Equal((1, "quiet"), (page.GetProperty("total").GetInt32(), Assert.Single(page.GetProperty("items").EnumerateArray()).GetProperty("code").GetString()));
    }

    [Fact]
    public async Task An_order_for_a_region_without_servers_is_refused_with_the_servers()
    {
        using var answer = await host.OrderAsync(ApiHost.Order("moonbase", more: """, "region": "moon", "size": 2"""));
        var problem = await ProblemAssert.IsAsync(answer, HttpStatusCode.Conflict, "no-suitable-server");
        ProblemAssert.Names(problem, "region", $"{ApiHost.Server} has no region");
    }

    private async Task<EntityTagHeaderValue> CreateAsync(string code, Action<Dictionary<string, object>>? change = null)
    {
        var server = new Dictionary<string, object>
        {
            ["code"] = code,
            ["name"] = "A server",
            ["url"] = $"http://127.3.0.{Interlocked.Increment(ref s_urls)}:1",
            ["databaseHost"] = "127.0.0.1",
            ["databasePort"] = host.Postgres.Postgres.Port,
            ["databaseUser"] = LocalServer.MaintenanceRole,
            ["databasePassword"] = host.Postgres.Postgres.PasswordOf(LocalServer.MaintenanceRole),
            ["applicationRole"] = LocalServer.ApplicationRole,
            ["applicationPassword"] = host.Postgres.Postgres.PasswordOf(LocalServer.ApplicationRole),
        };
        change?.Invoke(server);
        using var answer = await host.SendAsync(HttpMethod.Post, "/api/servers", ApiHost.AdminToken, JsonSerializer.Serialize(server));
        Assert.Equal(HttpStatusCode.Created, answer.StatusCode);
        return answer.Headers.ETag!;
    }

    private async Task ActivateAsync(string code)
    {
        using var answer = await host.SendAsync(
            HttpMethod.Post, $"/api/servers/{code}/activate", ApiHost.AdminToken, """{"skipApplicationTest": true, "reason": "No Odoo runs here."}""");
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    private async Task<JsonElement> PostAsync(string code, string action, string reason)
    {
        using var answer = await host.SendAsync(HttpMethod.Post, $"/api/servers/{code}/{action}", ApiHost.AdminToken, JsonSerializer.Serialize(new { reason }));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await ApiHost.JsonAsync(answer);
    }

    private async Task<HttpResponseMessage> PatchAsync(string code, string body, EntityTagHeaderValue? tag)
    {
        using var request = Request(HttpMethod.Patch, $"/api/servers/{code}", body);
        if (tag is not null)
        {
            request.Headers.IfMatch.Add(tag);
        }

        return await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, string body) => new(method, path)
    {
        Headers = { Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.AdminToken) },
        Content = new StringContent(body, Encoding.UTF8, "application/json"),
    };
}
