using System.Net;
using Bibind.Functions.Http;
using Bibind.Functions.Tests.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Jobs are followed where an answer is handed on only once it has ended, as Lambda does it.</summary>
public sealed class JobEventsTests(PostgresServer postgres) : IAsyncLifetime
{
    private static readonly TimeSpan BeforeItsTimeIsUp = TimeSpan.FromSeconds(18);

    private readonly ApiHost _host = new(postgres) { Configure = services => services.PostConfigure<JobOptions>(jobs => jobs.LimitToFunctions(takesAnswersWhole: true)) };

    public ValueTask InitializeAsync() => _host.InitializeAsync();

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task An_answer_ends_with_the_news_that_it_tells_and_waits_while_there_are_none()
    {
        var job = await _host.OrderTenantAsync("told");
        await _host.WaitAsync($"/api/jobs/{job}", j => j.GetProperty("state").GetString() == "running");

        var first = await FollowAsync(job, lastId: null).WaitAsync(BeforeItsTimeIsUp, TestContext.Current.CancellationToken);
        Assert.Contains("event: job", first, StringComparison.Ordinal);
        Assert.DoesNotContain("event: end", first, StringComparison.Ordinal);

        var next = FollowAsync(job, LastId(first));
        await Task.Delay(TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        Assert.False(next.IsCompleted);
        using var paused = await _host.SendAsync(HttpMethod.Post, $"/api/jobs/{job}/pause", ApiHost.ManagerToken, """{"reason": "a look"}""");
        Assert.Equal(HttpStatusCode.Accepted, paused.StatusCode);
        var told = await next.WaitAsync(BeforeItsTimeIsUp - TimeSpan.FromSeconds(3), TestContext.Current.CancellationToken);
        Assert.True(long.Parse(LastId(told), System.Globalization.CultureInfo.InvariantCulture) > long.Parse(LastId(first), System.Globalization.CultureInfo.InvariantCulture));
    }

    private static string LastId(string answer) => answer.Split('\n').Last(l => l.StartsWith("id: ", StringComparison.Ordinal))["id: ".Length..];

    private async Task<string> FollowAsync(string job, string? lastId)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/api/jobs/{job}/events");
        request.Headers.Authorization = new("Bearer", ApiHost.ViewerToken);
        if (lastId is not null)
        {
            request.Headers.Add("Last-Event-ID", lastId);
        }

        using var answer = await _host.Client.SendAsync(request, TestContext.Current.CancellationToken);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
    }
}
