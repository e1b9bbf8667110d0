using System.Net;
using Bibind.Durable.Hubs;
using Bibind.Durable.Worker;
using Bibind.Local;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Bibind.EndToEnd.Tests;

/// <summary>Steps of a host that starts with work left over, such as an order of a certificate, need it to answer.</summary>
public sealed class WorkerStartTests
{
    [Fact]
    public async Task No_step_runs_before_the_host_answers()
    {
        await using var installation = await Installation.CreateAsync();
        var code = installation.Code;
        string job;
        var holds = new StopsAt("database.clone");
        await using (var host = await InProcessHost.StartAsync(installation, holds))
        {
            job = await host.Api.OrderByWebhookAsync(code);
            await holds.Reached;
        }

        var address = new Uri($"http://127.0.0.1:{FreePorts.Next()}");
        var asks = new AsksTheHost(new Uri(address, "/health/live"));
        await using var next = await InProcessHost.StartAsync(installation, asks, address, services => services.AddHostedService<StartsSlowly>());

        var end = await next.Api.EndOfAsync(job);
        Assert.True(end["state"]!.GetValue<string>() == "succeeded", end.ToString());
        Assert.Equal(HttpStatusCode.OK, asks.FirstAnswer);
    }

    private sealed class AsksTheHost(Uri address) : WorkerInterceptor
    {
        public HttpStatusCode? FirstAnswer { get; private set; }

        public override async ValueTask BeforeActivityAsync(LeasedActivity activity, CancellationToken cancellationToken)
        {
            if (FirstAnswer is null)
            {
                using var http = new HttpClient();
                using var answer = await http.GetAsync(address, cancellationToken);
                FirstAnswer = answer.StatusCode;
            }
        }
    }

    /// <summary>Holds up the host before it listens.</summary>
    private sealed class StartsSlowly : IHostedService
    {
        public Task StartAsync(CancellationToken cancellationToken) => Task.Delay(TimeSpan.FromSeconds(3), cancellationToken);

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }
}
