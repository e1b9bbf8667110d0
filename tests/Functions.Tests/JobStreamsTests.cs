using System.Net;
using Bibind.Functions.Http;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing;
using Microsoft.Extensions.DependencyInjection;
using Xunit;

namespace Bibind.Functions.Tests;

/// <summary>Who follows a job is counted.</summary>
public sealed class JobStreamsTests(ApiHost host) : IClassFixture<ApiHost>
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Followers_are_counted_and_leave_nothing_behind()
    {
        var job = await host.OrderTenantAsync("followed");
        var streams = host.Services.GetRequiredService<JobStreams>();
        using (var request = new HttpRequestMessage(HttpMethod.Get, $"/api/jobs/{job}/events"))
        {
            request.Headers.Authorization = new("Bearer", ApiHost.ViewerToken);
            using var answer = await host.Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Token);
            Assert.Equal("text/event-stream", answer.Content.Headers.ContentType?.MediaType);
            using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Token));
            string? line;
            do
            {
                line = await reader.ReadLineAsync(Token);
            }
            while (line != "event: job");

            Assert.Equal(1, streams.Open);
        }

        await Eventually.TrueAsync(() => streams.Open == 0, seconds: 60);
        using var wrong = new HttpRequestMessage(HttpMethod.Get, $"/api/jobs/{job}/events");
        wrong.Headers.Authorization = new("Bearer", ApiHost.ViewerToken);
        wrong.Headers.Add("Last-Event-ID", "first");
        using var refused = await host.Client.SendAsync(wrong, Token);
        await ProblemAssert.IsAsync(refused, HttpStatusCode.BadRequest, "unreadable-request");
    }
}
