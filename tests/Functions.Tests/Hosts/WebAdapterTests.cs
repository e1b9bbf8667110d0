using System.Net;
using System.Text;
using Bibind.Functions.Tests.Hosting;
using Bibind.Testing.Servers;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace Bibind.Functions.Tests.Hosts;

/// <summary>What the Lambda Web Adapter passes on; shapes: github.com/awslabs/aws-lambda-web-adapter.</summary>
public sealed class WebAdapterTests(PostgresServer postgres) : IAsyncLifetime
{
    private readonly ApiHost _plain = new(postgres);
    private HttpClient _client = new();
    private WebApplication? _app;

    public async ValueTask InitializeAsync()
    {
        await _plain.InitializeAsync();
        var elasticMq = await ElasticMqServer.GetAsync();
        _app = FunctionsHost.Build(
            [
                .. _plain.Arguments(), "--Hosting:Kind=webadapter", $"--Queues:Sqs:QueueUrlPrefix={elasticMq.QueueUrlPrefix}",
                "--Queues:Sqs:Region=elasticmq", "--AWS_ACCESS_KEY_ID=key", "--AWS_SECRET_ACCESS_KEY=secret",
            ],
            builder =>
            {
                builder.Logging.ClearProviders();
                builder.Services.AddSingleton(ScriptedOrchestrators.Registry());
            });
        await _app.StartAsync();
        _client = new HttpClient { BaseAddress = new Uri(_app.Urls.Single()) };
    }

    public async ValueTask DisposeAsync()
    {
        await _app!.StopAsync();
        await _app.DisposeAsync();
        await _plain.DisposeAsync();
        _client.Dispose();
    }

    [Fact]
    public async Task Readiness_is_answered_and_a_timer_event_is_run()
    {
        using var ready = await _client.GetAsync(new Uri("/", UriKind.Relative));
        Assert.Equal(HttpStatusCode.OK, ready.StatusCode);

        using var answer = await SendAsync("""{"bibind": {"timer": "keepTimers", "scheduledFor": "2026-03-01T09:30:00Z"}}""");

        Assert.Equal("""{"ran":true}""", await answer.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task An_event_that_is_not_understood_is_no_success()
    {
        using var unknown = await SendAsync("""{"hello": "world"}""");
        await ProblemAssert.IsAsync(unknown, HttpStatusCode.BadRequest, "unreadable-request");
        using var malformed = await SendAsync("{");
        await ProblemAssert.IsAsync(malformed, HttpStatusCode.BadRequest, "unreadable-request");
    }

    [Fact]
    public async Task Callers_from_outside_cannot_pass_events()
    {
        using var answer = await SendAsync("""{"bibind": {"timer": "keepTimers"}}""", overHttp: true);

        await ProblemAssert.IsAsync(answer, HttpStatusCode.NotFound, "not-found");
        Assert.Equal(0, await _plain.ScalarAsync<long>("select count(*) from control.timers"));
    }

    private Task<HttpResponseMessage> SendAsync(string body, bool overHttp = false)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/events") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (overHttp)
        {
            request.Headers.Add("x-amzn-request-context", "{}");
        }

        return _client.SendAsync(request);
    }
}
