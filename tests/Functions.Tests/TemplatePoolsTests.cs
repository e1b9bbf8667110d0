using System.Net;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;
using Bibind.Contracts;
using Bibind.Durable.Client;
using Bibind.Functions.Tests.Hosting;
using Bibind.Functions.Timers;
using Bibind.Functions.Triggers;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>The size of a template's pool is set by version, shown with how the pool stands, and a timer fills it.</summary>
public sealed class TemplatePoolsTests(ApiHost host) : IClassFixture<ApiHost>
{
    private const string Template = "restaurant";

    [Fact]
    public async Task The_size_is_changed_by_the_version_that_was_read_and_is_on_record()
    {
        var tag = await TagAsync();
        using var blind = await PatchAsync(Template, """{"warmPoolSize": 1, "reason": "no version"}""", null);
        await ProblemAssert.IsAsync(blind, HttpStatusCode.PreconditionRequired, "precondition-required");

        using var changed = await PatchAsync(Template, """{"warmPoolSize": 3, "reason": "a campaign"}""", tag);
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        var template = await ApiHost.JsonAsync(changed);
        Assert.Equal((3, 3, 0), (template.GetProperty("warmPoolSize").GetInt32(), template.GetProperty("pool").GetProperty("wanted").GetInt32(), template.GetProperty("pool").GetProperty("ready").GetInt32()));
        using var late = await PatchAsync(Template, """{"warmPoolSize": 4, "reason": "too late"}""", tag);
        await ProblemAssert.IsAsync(late, HttpStatusCode.PreconditionFailed, "stale");
        Assert.Equal(changed.Headers.ETag, late.Headers.ETag);

        using var changes = await host.GetAsync($"/api/servers/{ApiHost.Server}/changes");
        Assert.Contains((await ApiHost.JsonAsync(changes)).GetProperty("items").EnumerateArray(), c => c.GetProperty("action").GetString() == "warm-pool" && c.GetProperty("reason").GetString() == "a campaign");
        using var shown = await host.GetAsync($"/api/servers/{ApiHost.Server}");
        var pool = (await ApiHost.JsonAsync(shown)).GetProperty("pools").EnumerateArray().Single(p => p.GetProperty("template").GetString() == Template);
        Assert.Equal(3, pool.GetProperty("pool").GetProperty("wanted").GetInt32());
        using var back = await PatchAsync(Template, """{"warmPoolSize": 0, "reason": "over"}""", changed.Headers.ETag);
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
    }

    [Fact]
    public async Task What_is_wrong_is_named_with_the_remedy()
    {
        using var wrong = await PatchAsync(Template, """{"warmPoolSize": 101, "reason": ""}""", await TagAsync());
        var problem = await ProblemAssert.IsAsync(wrong, HttpStatusCode.UnprocessableEntity, "invalid-command");
        ProblemAssert.Names(problem, "warmPoolSize", "0 to 100");
        ProblemAssert.Names(problem, "reason", "recorded");
        using var unknown = await PatchAsync("none", """{"warmPoolSize": 1, "reason": "x"}""", await TagAsync());
        Assert.Equal(HttpStatusCode.NotFound, unknown.StatusCode);
        using var elsewhere = await PatchAsync($"{Template}?server=none", """{"warmPoolSize": 1, "reason": "x"}""", await TagAsync());
        Assert.Equal(HttpStatusCode.NotFound, elsewhere.StatusCode);
    }

    [Fact]
    public async Task A_template_on_two_servers_needs_the_server()
    {
        await host.ExecuteAsync(
            """
            insert into control.servers (code, name, url, db_host, db_port, db_user, db_password_secret, state, created_at)
            select 'second', 'Second', 'http://second.test', db_host, db_port, db_user, db_password_secret, 'draft', now() from control.servers where code = 'local';
            insert into control.templates (code, name, server_id, database, modules, language, state, created_at)
            select 'ecommerce', 'E', id, 'second_ecommerce', '{base}', 'en_US', 'draft', now() from control.servers where code = 'second' on conflict do nothing
            """);

        using var ambiguous = await PatchAsync("ecommerce", """{"warmPoolSize": 1, "reason": "x"}""", EntityTagHeaderValue.Any);
        using var named = await PatchAsync("ecommerce?server=second", """{"warmPoolSize": 1, "reason": "x"}""", EntityTagHeaderValue.Any);

        Assert.Equal(HttpStatusCode.BadRequest, ambiguous.StatusCode);
        Assert.Contains("second", await ambiguous.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("second", (await ApiHost.JsonAsync(named)).GetProperty("server").GetString());
    }

    [Fact]
    public async Task A_tick_starts_what_fills_a_pool_that_lacks_clones_and_a_second_one_does_no_harm()
    {
        await host.ExecuteAsync("update control.templates set warm_pool_size = 1, state = 'ready', content_hash = 'x', database = 'no_such' where code = 'services'");
        var server = await host.ScalarAsync<long>("select id from control.servers where code = 'local'");
        var timer = ActivatorUtilities.CreateInstance<KeepPools>(host.Services);

        await timer.RunAsync(new TimerTick("keepPools", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);
        await timer.RunAsync(new TimerTick("keepPools", DateTimeOffset.UtcNow), TestContext.Current.CancellationToken);

        Assert.NotNull(await host.Tasks.GetStateAsync(WarmPools.InstanceOf(server), TestContext.Current.CancellationToken));
        await host.ExecuteAsync("update control.templates set warm_pool_size = 0, state = 'draft' where code = 'services'");
    }

    private async Task<EntityTagHeaderValue> TagAsync()
    {
        using var answer = await host.GetAsync($"/api/templates/{Template}?server={ApiHost.Server}");
        Assert.True(JsonSerializer.Serialize(await ApiHost.JsonAsync(answer)).Contains("\"pool\"", StringComparison.Ordinal));
        return answer.Headers.ETag!;
    }

    private async Task<HttpResponseMessage> PatchAsync(string path, string body, EntityTagHeaderValue? tag)
    {
        using var request = new HttpRequestMessage(HttpMethod.Patch, new Uri($"/api/templates/{path}", UriKind.Relative));
        request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", ApiHost.AdminToken);
        if (tag is not null)
        {
            request.Headers.IfMatch.Add(tag);
        }

        return await host.Client.SendAsync(request, TestContext.Current.CancellationToken);
    }
}
