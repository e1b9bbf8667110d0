using System.Net;
using System.Text.Json.Nodes;
using Bibind.Functions.Http;
using Bibind.Functions.Problems;
using Bibind.Functions.Tests.Hosting;
using Xunit;

namespace Bibind.Functions.Tests;

public sealed class JobHistoryTests(ApiHost host) : IClassFixture<ApiHost>
{
    [Fact]
    public async Task The_history_shows_each_attempt_and_cuts_long_texts()
    {
        var job = await OrderFailingAsync("hist-1");

        using var answer = await host.GetAsync($"/api/jobs/{job}/history");
        var history = await ApiHost.JsonAsync(answer);

        var lines = history.GetProperty("items").EnumerateArray().ToList();
        Assert.Equal(lines.Count, history.GetProperty("total").GetInt32());
        Assert.Equal("OrchestratorStarted", lines[0].GetProperty("eventType").GetString());
        Assert.Equal(3, lines.Count(l => l.GetProperty("eventType").GetString() == "TaskScheduled"));
        var failed = lines.Last(l => l.GetProperty("eventType").GetString() == "TaskFailed");
        Assert.InRange(failed.GetProperty("reason").GetString()!.Length, 100, 2001);
    }

    [Fact]
    public async Task The_whole_history_comes_in_pages_when_asked_for()
    {
        var job = await OrderFailingAsync("hist-2");

        using var answer = await host.GetAsync($"/api/jobs/{job}/history?full=true&page=2&pageSize=3");
        var history = await ApiHost.JsonAsync(answer);

        Assert.Equal(3, history.GetProperty("items").GetArrayLength());
        Assert.True(history.GetProperty("total").GetInt32() > 6);
        using var whole = await host.GetAsync($"/api/jobs/{job}/history?full=true&pageSize=200");
        Assert.Contains(ScriptedOrchestrators.LongReason, await whole.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(ApiHost.ViewerToken)]
    [InlineData(ApiHost.AdminToken)]
    public async Task The_secret_of_a_callback_is_shown_to_nobody(string token)
    {
        var job = await host.OrderTenantAsync($"{ScriptedOrchestrators.CallingPrefix}-{token[0]}");
        await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "failed");

        foreach (var path in new[] { "", "/history", "/history?full=true" })
        {
            using var answer = await host.GetAsync($"/api/jobs/{job}{path}", token);
            var text = await answer.Content.ReadAsStringAsync();
            Assert.Contains("hook.example", text, StringComparison.Ordinal);
            Assert.DoesNotContain("secret", text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("see https://user:pass@host.example/a?sig=secret#x now", "see https://…@host.example/a?… now")]
    [InlineData("POST https://me.example/web/hook/0b3e-secret failed", "POST https://me.example/web/hook/… failed")]
    [InlineData("at /webhooks/odoo/secret-token", "at /webhooks/odoo/…")]
    [InlineData("https://acme.example.com/web/login answered 500", "https://acme.example.com/web/login answered 500")]
    [InlineData("line\u001b[31mred\u202e", "line\\u{001b}[31mred\\u{202e}")]
    public void Errors_show_addresses_without_their_credentials(string text, string shown) => Assert.Equal(shown, JobSteps.Cut(text));

    [Theory]
    [InlineData("""{"callbackUrl":"https://h.example/p/secret"}""", """{"callbackUrl":"https://h.example/…"}""")]
    [InlineData("""{"a":{"b":["{\"callbackUrl\":\"http://u:secret@h.example/\\u0026secret\"}"]}}""", """{"a":{"b":["{\"callbackUrl\":\"http://h.example/…\"}"]}}""")]
    [InlineData("""{"url":"https://h.example/x?X-Amz-Signature=secret\u0026b=secret"}""", """{"url":"https://h.example/x?…"}""")]
    [InlineData("""{"baseUrl":"https://acme.example.com","n":1,"z":null}""", """{"baseUrl":"https://acme.example.com","n":1,"z":null}""")]
    public void Documents_show_addresses_without_their_credentials(string json, string shown) =>
        Assert.Equal(shown, SecretText.Hide(JsonNode.Parse(json))!.ToJsonString(ApiJson.Options));

    [Fact]
    public async Task An_unknown_job_has_no_history()
    {
        using var answer = await host.GetAsync("/api/jobs/provision-nobody-1/history");

        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
    }

    private async Task<string> OrderFailingAsync(string code)
    {
        using var answer = await host.OrderAsync(ApiHost.Order(code).Replace("Acme Ltd", $"{ScriptedOrchestrators.FailingPrefix} ltd", StringComparison.Ordinal).Replace($"\"{code}\"", $"\"{ScriptedOrchestrators.FailingPrefix}{code}\"", StringComparison.Ordinal));
        var job = (await ApiHost.JsonAsync(answer)).GetProperty("job").GetString()!;
        await host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "failed");
        return job;
    }
}
