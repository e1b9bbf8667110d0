using System.Net;
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
